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
import { Refusal } from '../support/worker.ts'

/** The state of a file with mode 0600. `open`: others can read it. */
export type FileState = 'ok' | 'missing' | 'open'

/** The state of a private file. @throws {Refusal} if it is not a regular file. */
export function stateOf(file: string): FileState {
  const stat = attempt(file, () => lstatSync(realPathOf(file), { throwIfNoEntry: false }))
  if (stat === undefined) return 'missing'
  if (!stat.isFile()) throw new Refusal(`"${file}" is not a regular file: move it away, or choose another path`)
  return (stat.mode & 0o7777) === 0o600 && stat.uid === process.getuid?.() ? 'ok' : 'open'
}

/** Reads a file; undefined if it does not exist. @throws {Refusal} if it cannot be read. */
export function readPrivate(file: string): string | undefined {
  return stateOf(file) === 'missing' ? undefined : attempt(file, () => readFileSync(file, 'utf8'))
}

/** Replaces a file atomically, with mode 0600 from the start. */
export function writePrivate(file: string, text: string): void {
  const target = realPathOf(file)
  // A fixed name, so that the next run removes the leftover of a killed one, which has the passwords. The packages for
  // atomic writes use random names.
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.new`)
  attempt(file, () => {
    rmSync(temporary, { force: true })
    const handle = openSync(temporary, 'wx', 0o600)
    try {
      writeFileSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temporary, target)
  })
}

/** Resolves symbolic links: readers of the target must see the new file. */
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
    throw new Refusal(`cannot ${syscall === 'open' || syscall === 'rename' ? 'open' : 'use'} "${file}": ${code}`)
  }
}
