import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Summary } from './summary.ts'

/** Enough to have each play of each playbook once, and read in a moment. */
const MOST_RUNS = 50

/**
 * How long each play and experiment took when it last came to its end, in milliseconds by its name.
 *
 * @param runs - the directory of all runs; one that does not exist yields nothing.
 * @param options.playbook - only runs of this playbook. Default: of all.
 * @param options.most - the newest runs to read. Default 50.
 */
export function lastDurations(
  runs: string,
  { playbook, most = MOST_RUNS }: { readonly playbook?: string; readonly most?: number } = {},
): ReadonlyMap<string, number> {
  const durations = new Map<string, number>()
  for (const name of runNames(runs).slice(0, most)) {
    const summary = readSummary(join(runs, name, 'summary.json'))
    if (summary?.status !== 'passed' || summary.check || (playbook !== undefined && summary.playbook !== playbook))
      continue
    for (const { name: play, durationMs } of summary.plays) if (!durations.has(play)) durations.set(play, durationMs)
  }
  return durations
}

/** Newest first: their names begin with the time. */
function runNames(runs: string): string[] {
  try {
    return readdirSync(runs)
      .filter((name) => /^\d{4}-/.test(name))
      .sort()
      .reverse()
  } catch {
    return []
  }
}

/** A run that was killed has none, and one of an older version may lack what is read here. */
function readSummary(file: string): Summary | undefined {
  try {
    const summary = JSON.parse(readFileSync(file, 'utf8')) as Partial<Summary>
    return Array.isArray(summary.plays) ? (summary as Summary) : undefined
  } catch {
    return undefined
  }
}
