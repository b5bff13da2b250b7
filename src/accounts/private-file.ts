import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { Refusal } from '../modules/support/worker.ts'

/** How a file that nobody but its owner may read is there. */
export type FileState = 'ok' | 'missing' | 'open'

/** Whether a file is this user's alone. @throws {Refusal} where something else than a file is there. */
export function stateOf(file: string): FileState {
  const stat = attempt(file, () => lstatSync(realPathOf(file), { throwIfNoEntry: false }))
  if (stat === undefined) return 'missing'
  if (!stat.isFile()) throw new Refusal(`${file} is there and is no file: move it away, or choose another path`)
  return (stat.mode & 0o7777) === 0o600 && stat.uid === process.getuid?.() ? 'ok' : 'open'
}

/** The text of a file; undefined where it is not there. @throws {Refusal} where it cannot be read. */
export function readPrivate(file: string): string | undefined {
  return stateOf(file) === 'missing' ? undefined : attempt(file, () => readFileSync(file, 'utf8'))
}

/** Puts a file in the place of the old one, whole or not at all: its owner's alone, from the first byte on. */
export function writePrivate(file: string, text: string): void {
  const place = realPathOf(file)
  // Always the same name: what a writer that was killed left there is taken away by the next.
  const fresh = path.join(path.dirname(place), `.${path.basename(place)}.new`)
  attempt(file, () => {
    rmSync(fresh, { force: true })
    const handle = openSync(fresh, 'wx', 0o600)
    try {
      writeFileSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(fresh, place)
  })
}

/** Where a link leads: who reads its target shall see the new file. */
function realPathOf(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new Refusal(`cannot ${syscall === 'open' || syscall === 'rename' ? 'open' : 'use'} ${file}: ${code}`)
  }
}
