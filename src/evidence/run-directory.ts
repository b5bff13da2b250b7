import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileName } from '../text/slug.ts'

/** The directory with a run's evidence. All paths are absolute. */
export interface RunDirectory {
  /** `2026-11-21T04-30-00Z-site` */
  readonly name: string
  readonly path: string
  /** The event log, `events.jsonl`. */
  readonly events: string
}

/** Modes of what a run writes: other users of the controller cannot read what hosts printed. */
export const PRIVATE_FILE = 0o600
export const PRIVATE_DIRECTORY = 0o700

/** The run's evidence cannot be written; `message` says where, why and what to do. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
}

/**
 * Creates a run's directory and points the symbolic link `latest` next to it to it.
 *
 * @param options.playbook - name or path; its base name without the extension is used.
 * @throws {EvidenceError} the directory or the link cannot be created.
 */
export function createRunDirectory(options: {
  readonly root: string
  readonly playbook: string
  readonly now: Date
}): RunDirectory {
  const root = resolve(options.root)
  const stamp = options.now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  const playbook = fileName(basename(options.playbook).replace(/\.[^.]*$/, '')) || 'run'
  withFileErrors(`cannot create directory ${root}`, () => mkdirSync(root, { recursive: true }))
  const name = createUnique(root, `${stamp}-${playbook}`)
  const path = join(root, name)
  pointLatest(root, name)
  return { name, path, events: join(path, 'events.jsonl') }
}

function createUnique(root: string, base: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`
    const created = withFileErrors(`cannot create directory ${join(root, name)}`, () => {
      try {
        mkdirSync(join(root, name), { mode: PRIVATE_DIRECTORY })
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      }
    })
    if (created) return name
  }
}

/** Creates a new link and renames it over the old one, so that the link always exists. */
function pointLatest(root: string, name: string): void {
  const link = join(root, 'latest')
  const temporary = join(root, `.latest-${name}`)
  withFileErrors(`cannot update symbolic link ${link}`, () => {
    rmSync(temporary, { force: true })
    symlinkSync(name, temporary)
    try {
      renameSync(temporary, link)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: make it writable, or run as its owner',
  EPERM: 'not permitted: make it writable, or use a file system with symbolic links',
  EROFS: 'read-only file system: run from a directory on a writable one',
  ENOSPC: 'no space left on device: remove old runs',
  EDQUOT: 'disk quota exceeded: remove old runs',
  ENOTDIR: 'a parent is a file, not a directory: move it',
  EEXIST: 'a file with this name exists: move it',
  EISDIR: 'a directory with this name exists: move it',
  ENOTEMPTY: 'a directory with this name exists: move it',
}

/** Runs a file system operation; an error says in one line what to do. */
export function withFileErrors<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw fileError(what, error)
  }
}

/** Converts a file system error into one that says what to do, in one line. */
export function fileError(what: string, error: unknown): EvidenceError {
  const { code, message } = error as NodeJS.ErrnoException
  return new EvidenceError(`${what}: ${REMEDIES[code ?? ''] ?? message}`, { cause: error })
}
