import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Summary } from './summary.ts'

/** Enough to include each play of each playbook, and fast to read. */
const MAX_RUNS = 50

/**
 * The duration of the last passed run of each play and experiment, in milliseconds by name.
 *
 * @param runs - the directory of all runs; may be missing.
 * @param options.playbook - only runs of this playbook. Default: all.
 * @param options.most - read this many of the newest runs. Default: 50.
 */
export function lastDurations(
  runs: string,
  { playbook, most: limit = MAX_RUNS }: { readonly playbook?: string; readonly most?: number } = {},
): ReadonlyMap<string, number> {
  const durations = new Map<string, number>()
  for (const name of runNames(runs).slice(0, limit)) {
    const summary = readSummary(join(runs, name, 'summary.json'))
    if (summary?.status !== 'passed' || summary.check || (playbook !== undefined && summary.playbook !== playbook))
      continue
    for (const { name: play, durationMs } of summary.plays) if (!durations.has(play)) durations.set(play, durationMs)
  }
  return durations
}

/** Newest first: names start with the time. */
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

/** A killed run has no summary, and that of an older version may lack fields. */
function readSummary(file: string): Summary | undefined {
  try {
    const summary = JSON.parse(readFileSync(file, 'utf8')) as Partial<Summary>
    return Array.isArray(summary.plays) ? (summary as Summary) : undefined
  } catch {
    return undefined
  }
}
