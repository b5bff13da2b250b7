import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PRIVATE_FILE, withFileErrors, type RunDirectory } from './run-directory.ts'

/*
 * A run in progress has a file `.running-RUN` beside its directory, with its process. It is not in the directory, where
 * each file is evidence. A killed run leaves it: the process is then another, or none.
 */

const PREFIX = '.running-'

/**
 * Marks a run as in progress.
 *
 * @returns a function that removes the mark.
 * @throws {EvidenceError} the file cannot be written.
 */
export function markRunning({ name, path }: Pick<RunDirectory, 'name' | 'path'>): () => void {
  const root = dirname(path)
  for (const file of readdirSync(root))
    if (file.startsWith(PREFIX) && !isInProgress(root, file.slice(PREFIX.length)))
      rmSync(join(root, file), { force: true })
  const file = join(root, `${PREFIX}${name}`)
  withFileErrors(`cannot write ${file}`, () => {
    // A run that starts at the same time must not read an empty mark.
    const unfinished = join(root, `.unfinished-mark-${name}`)
    writeFileSync(unfinished, processOf(process.pid), { mode: PRIVATE_FILE })
    renameSync(unfinished, file)
  })
  return () => {
    rmSync(file, { force: true })
  }
}

/** @param root - the directory of runs. */
export function isInProgress(root: string, name: string): boolean {
  const marked = textOf(join(root, `${PREFIX}${name}`))
  const pid = Number.parseInt(marked, 10)
  return pid > 0 && processOf(pid) === marked
}

/** A process: its ID and, where there is /proc, when it started, because IDs are used again. Empty: there is none. */
function processOf(pid: number): string {
  // The name in parentheses may contain spaces; the start is field 22 (proc_pid_stat(5)).
  const started = textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')[19]
  if (started !== undefined) return `${pid} ${started}`
  try {
    process.kill(pid, 0)
    return String(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? String(pid) : ''
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
