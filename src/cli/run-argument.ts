import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { suggestion } from './command-line.ts'
import { UsageError } from './usage-error.ts'

/** The directory of a run: a path, or a name in `runs/`; default: the latest. @throws {UsageError} there is none. */
export function runDirectory(run: string | undefined, runs: string): string {
  if (run === undefined) {
    if (isRun(path.join(runs, 'latest'))) return path.join(runs, 'latest')
    throw new UsageError(`no runs in ${runs} yet: run a playbook first, or specify the directory of a run`)
  }
  const found = [path.join(runs, run), path.resolve(run)].find(isRun)
  if (found !== undefined) return found
  if (existsSync(run) && !existsSync(path.join(runs, run)))
    throw new UsageError(`${run} is not a run: it has no events.jsonl`)
  throw new UsageError(`run "${run}" not found in ${runs}${suggestion(run, runNames(runs))}`)
}

/** The names of all runs, oldest first. */
export const runNames = (runs: string): string[] =>
  existsSync(runs)
    ? readdirSync(runs)
        .filter((name) => !name.startsWith('.') && name !== 'latest')
        .sort()
    : []

const isRun = (directory: string): boolean =>
  statSync(path.join(directory, 'events.jsonl'), { throwIfNoEntry: false })?.isFile() ?? false
