import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** Where a run keeps its evidence. All paths are absolute. */
export interface RunFolder {
  /** `2026-11-21T04-30-00Z-site` */
  readonly name: string
  readonly path: string
  /** The journal, `events.jsonl`. */
  readonly events: string
}

/** The run's evidence cannot be kept; `message` says where, why and how to mend it. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
}

/**
 * Makes the folder of a run and points `latest` beside it to it.
 *
 * @param options.playbook - name or path; its last part without the extension is used.
 * @throws {EvidenceError} when the folder or the link cannot be made.
 */
export function openRunFolder(options: {
  readonly root: string
  readonly playbook: string
  readonly now: Date
}): RunFolder {
  const root = resolve(options.root)
  const stamp = options.now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  const playbook =
    basename(options.playbook)
      .replace(/\.[^.]*$/, '')
      .replace(/[^A-Za-z0-9_.-]+/g, '-') || 'run'
  attempt(`cannot make the folder for runs ${root}`, () => mkdirSync(root, { recursive: true }))
  const name = makeUnique(root, `${stamp}-${playbook}`)
  const path = join(root, name)
  pointLatest(root, name)
  return { name, path, events: join(path, 'events.jsonl') }
}

function makeUnique(root: string, wanted: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    const made = attempt(`cannot make the run's folder ${join(root, name)}`, () => {
      try {
        mkdirSync(join(root, name))
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      }
    })
    if (made) return name
  }
}

/** A link made aside and renamed over the old one: at no moment is there none. */
function pointLatest(root: string, name: string): void {
  const link = join(root, 'latest')
  const aside = join(root, `.latest-${name}`)
  attempt(`cannot point ${link} to the run's folder`, () => {
    rmSync(aside, { force: true })
    symlinkSync(name, aside)
    try {
      renameSync(aside, link)
    } catch (error) {
      rmSync(aside, { force: true })
      throw error
    }
  })
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: make it writable for you, or run as its owner',
  EPERM: 'not permitted: make it writable for you, or use a file system that has symbolic links',
  EROFS: 'the file system is read-only: run from a folder on a writable one',
  ENOSPC: 'no space left: remove old runs',
  EDQUOT: 'no space left in your quota: remove old runs',
  ENOTDIR: 'a part of the path is a file: move it away',
  EEXIST: 'a file of that name is in the way: move it away',
  EISDIR: 'a folder of that name is in the way: move it away',
  ENOTEMPTY: 'a folder of that name is in the way: move it away',
}

/** Does what may fail on the file system, and says in one line what to do if it did. */
export function attempt<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw cannotKeep(what, error)
  }
}

/** What failed on the file system, and what to do about it, in one line. */
export function cannotKeep(what: string, error: unknown): EvidenceError {
  const { code, message } = error as NodeJS.ErrnoException
  return new EvidenceError(`${what}: ${REMEDIES[code ?? ''] ?? message}`, { cause: error })
}
