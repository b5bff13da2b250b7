import path from 'node:path'
import { EvidenceError, readEventLog, SummaryFold, type Summary } from '../evidence/index.ts'
import { isInProgress } from '../evidence/in-progress.ts'
import { tableLines } from '../text/table.ts'
import { duration } from '../ui/format/duration.ts'
import { type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { runDirectory, runNames } from './run-argument.ts'
import { UsageError } from './usage-error.ts'

const OPTIONS = {
  json: { help: 'print JSON instead of a table' },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const listHelp = (command: string): string => `Lists the runs, newest last.

Usage: ${command} list [options]

${optionsSection(OPTIONS)}
`

const diffHelp = (command: string): string => `Compares two runs: findings, measured values, and durations of plays.

Usage: ${command} diff RUN RUN [options]

${optionsSection(OPTIONS)}
`

/** A run in the list. */
interface ListedRun {
  readonly run: string
  readonly playbook: string
  readonly check: boolean
  readonly status: Summary['status'] | 'running'
  readonly holds: number
  readonly fails: number
  readonly inconclusive: number
  readonly durationMs: number
}

/** `report.mjs list`. @returns the exit code. @throws {UsageError | EvidenceError} */
export function listCommand(argv: readonly string[], runs: string, command: string): number {
  const parsed = parseCommandLine<keyof typeof OPTIONS>(argv, OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(listHelp(command))
    return 0
  }
  if (parsed.positionals.length > 0) throw new UsageError(`list takes no run, such as ${parsed.positionals[0]}`)
  const listed = runNames(runs).flatMap((run) => {
    try {
      const summary = summaryOf(path.join(runs, run))
      const status = summary.status === 'interrupted' && isInProgress(runs, run) ? 'running' : summary.status
      return [listedRun(run, summary, status)]
    } catch (error) {
      // Directories without an event log are no runs; damaged ones must not hide the others.
      if (error instanceof EvidenceError) return []
      throw error
    }
  })
  if (parsed.all('json').length > 0) process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`)
  else if (listed.length === 0) process.stdout.write(`no runs in ${runs} yet\n`)
  else process.stdout.write(`${listText(listed)}\n`)
  return 0
}

function summaryOf(directory: string): Summary {
  const summary = new SummaryFold()
  for (const event of readEventLog(path.join(directory, 'events.jsonl'))) summary.add(event)
  return summary.summary()
}

function listedRun(
  run: string,
  { playbook, check, findings, durationMs }: Summary,
  status: ListedRun['status'],
): ListedRun {
  const count = (verdict: boolean | null): number => findings.filter(({ holds }) => holds === verdict).length
  return {
    run,
    playbook,
    check,
    status,
    holds: count(true),
    fails: count(false),
    inconclusive: count(null),
    durationMs,
  }
}

const listText = (listed: readonly ListedRun[]): string =>
  tableLines(
    [
      ['RUN', 'PLAYBOOK', 'STATUS', 'HOLDS', 'DOES NOT', 'INCONCLUSIVE', 'DURATION'],
      ...listed.map(({ run, playbook, check, status, holds, fails, inconclusive, durationMs }) => [
        run,
        check ? `${playbook} --check` : playbook,
        status,
        ...[holds, fails, inconclusive],
        duration(durationMs),
      ]),
    ],
    { align: ['left', 'left', 'left', 'right'] },
  ).join('\n')

/** The verdict of a finding, as text for the terminal. */
export type Verdict = 'holds' | 'does not hold' | 'inconclusive' | 'absent'

interface Measure {
  readonly name: string
  readonly unit: string
  readonly before: readonly number[]
  readonly after: readonly number[]
}

interface RunDiff {
  readonly findings: readonly {
    readonly id: string
    readonly before: Verdict
    readonly after: Verdict
    readonly measured: readonly Measure[]
  }[]
  readonly plays: readonly { readonly name: string; readonly beforeMs: number; readonly afterMs: number }[]
}

/** Plays that took this much longer or shorter are listed; below a second they differ by chance. */
const RATIO = 1.25
const LEAST_MS = 1000

/** `report.mjs diff`. @returns the exit code. @throws {UsageError | EvidenceError} */
export function diffCommand(argv: readonly string[], runs: string, command: string): number {
  const parsed = parseCommandLine<keyof typeof OPTIONS>(argv, OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(diffHelp(command))
    return 0
  }
  const { positionals, all } = parsed
  if (positionals.length !== 2)
    throw new UsageError(`diff compares two runs, not ${positionals.length}: ${command} diff RUN RUN`)
  const [before, after] = positionals.map((run) => summaryOf(runDirectory(run, runs))) as [Summary, Summary]
  const diff = diffOf(before, after)
  process.stdout.write(all('json').length > 0 ? `${JSON.stringify(diff, null, 2)}\n` : `${diffText(diff)}\n`)
  return 0
}

/** Compares the last finding of each id, and the durations of the plays. */
export function diffOf(before: Summary, after: Summary): RunDiff {
  const [old, now] = [lastFindings(before), lastFindings(after)]
  const findings = [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((id) => {
    const [from, to] = [old.get(id), now.get(id)]
    const changed = { id, before: verdictOf(from), after: verdictOf(to), measured: measures(from, to) }
    return changed.before === changed.after && changed.measured.length === 0 ? [] : [changed]
  })
  const durations = (plays: Summary['plays']): Map<string, number> =>
    new Map(plays.map(({ name, durationMs }) => [name, durationMs]))
  const [oldPlays, newPlays] = [durations(before.plays), durations(after.plays)]
  const plays = [...oldPlays].flatMap(([name, beforeMs]) => {
    const afterMs = newPlays.get(name)
    if (afterMs === undefined || Math.max(beforeMs, afterMs) < LEAST_MS) return []
    const ratio = Math.max(beforeMs, afterMs) / Math.max(1, Math.min(beforeMs, afterMs))
    return ratio >= RATIO ? [{ name, beforeMs, afterMs }] : []
  })
  return { findings, plays }
}

export type FindingSummary = Summary['findings'][number]

/** The last finding of each id. */
export const lastFindings = ({ findings }: Summary): Map<string, FindingSummary> =>
  new Map(findings.map((finding) => [finding.id, finding]))

export const verdictOf = (finding: FindingSummary | undefined): Verdict =>
  finding === undefined ? 'absent' : finding.holds === null ? 'inconclusive' : finding.holds ? 'holds' : 'does not hold'

const measures = (from: FindingSummary | undefined, to: FindingSummary | undefined): Measure[] =>
  (to?.measured ?? []).flatMap(({ name, unit, values: after }) => {
    const before = from?.measured?.find((metric) => metric.name === name)?.values ?? []
    return before.length === 0 || String(before) === String(after) ? [] : [{ name, unit, before, after }]
  })

function diffText({ findings, plays }: RunDiff): string {
  if (findings.length === 0 && plays.length === 0) return 'no difference'
  const verdicts = findings.filter(({ before, after }) => before !== after)
  const measured = findings.flatMap(({ id, measured: list }) => list.map((measure) => ({ id, ...measure })))
  const tables = [
    [['FINDING', 'BEFORE', 'AFTER'], ...verdicts.map(({ id, before, after }) => [id, before, after])],
    [
      ['FINDING', 'MEASURED', 'BEFORE', 'AFTER'],
      ...measured.map(({ id, name, unit, before, after }) => [
        id,
        name,
        valuesText(before, unit),
        valuesText(after, unit),
      ]),
    ],
    [
      ['PLAY', 'BEFORE', 'AFTER'],
      ...plays.map(({ name, beforeMs, afterMs }) => [name, duration(beforeMs), duration(afterMs)]),
    ],
  ]
  return tables
    .filter(({ length }) => length > 1)
    .map((rows) => tableLines(rows).join('\n'))
    .join('\n\n')
}

/** One value, or of repeated experiments the lowest and the highest. */
export function valuesText(values: readonly number[], unit: string): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => Number(value.toPrecision(3)))
  const text = least === most ? String(least) : `${least} to ${most} (${values.length} times)`
  return unit === '' ? text : `${text} ${unit}`
}
