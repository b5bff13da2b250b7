import { readdirSync } from 'node:fs'
import path from 'node:path'
import { slugger, storedEvents, storedSummary, type Summary } from 'labbook'
import type { MetricRef, SetUp } from './rows.ts'

/** A stored run. */
export interface StoredRun {
  /** Name of its directory in `runs/`. */
  readonly name: string
  readonly directory: string
  readonly summary: Summary
}

type Finding = Summary['findings'][number]

/** A measured value and its source. */
export interface Measurement {
  readonly values: readonly number[]
  readonly unit: string
  readonly run: string
  readonly finding: string
}

/** The runs in a directory, newest first, with the current one, without unreadable ones and check mode. */
export function storedRuns(directory: string): StoredRun[] {
  let names: string[]
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
  return names
    .flatMap((name): StoredRun[] => {
      const summary = storedSummary(path.join(directory, name))
      return summary === undefined || summary.check || !Array.isArray(summary.findings)
        ? []
        : [{ name, directory: path.join(directory, name), summary }]
    })
    .sort((a, b) => b.summary.startedAt.localeCompare(a.summary.startedAt))
}

/** The newest run in which a finding is conclusive, and the finding. */
export function newestFinding(
  runs: readonly StoredRun[],
  id: string,
): { readonly run: StoredRun; readonly finding: Finding } | undefined {
  for (const run of runs) {
    const finding = run.summary.findings.find((each) => each.id === id && each.holds !== null)
    if (finding !== undefined) return { run, finding }
  }
  return undefined
}

/** The finding in the newest run that has it, also if it is inconclusive. */
export const latestFinding = (runs: readonly StoredRun[], id: string): Finding | undefined =>
  runs.flatMap(({ summary }) => summary.findings).find((each) => each.id === id)

/** A value from the newest run that measured it. Undefined: not measured. */
export function newestMeasurement(runs: readonly StoredRun[], place: MetricRef | undefined): Measurement | undefined {
  if (place === undefined) return undefined
  const [id, name] = place
  for (const { name: run, summary } of runs) {
    const measured = summary.findings.find((each) => each.id === id)?.measured?.find((each) => each.name === name)
    if (measured !== undefined && measured.values.length > 0)
      return { values: measured.values, unit: measured.unit, run, finding: id }
  }
  return undefined
}

/** The time of the plays that set up one side, in the newest run that did so from nothing. */
export function setUpTime(runs: readonly StoredRun[], { plays, task }: SetUp): Measurement | undefined {
  for (const { name, directory, summary } of runs) {
    const own = summary.plays.filter((play) => plays.includes(play.name))
    // Plays without hosts are not recorded; the last one proves the app.
    if (own.at(-1)?.name !== plays.at(-1)) continue
    for (const event of storedEvents(directory)) {
      if (event.type !== 'result' || event.task !== task || event.status !== 'changed') continue
      const seconds = own.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000
      return { values: [seconds], unit: 's', run: name, finding: '' }
    }
  }
  return undefined
}

/** Link to a finding in the report of a run. */
export function linkTo({ name, summary }: StoredRun, id: string): string {
  const slug = slugger()
  let anchor = ''
  for (const finding of summary.findings) {
    const slugged = slug(finding.id)
    if (finding.id === id && anchor === '') anchor = slugged
  }
  return `runs/${name}/report.html#finding-${anchor}`
}
