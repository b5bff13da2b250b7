import { csvText, tableLines } from 'labbook'
import { CONCEPTS, ROWS, SET_UP, VERDICTS, type VerdictCell } from './rows.ts'
import { newestMeasurement, newestFinding, linkTo, setUpTime, type Measurement, type StoredRun } from './runs.ts'

const MISSING = 'inconclusive'
const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 0, 'requests/s': 0, MB: 0, cores: 3, '': 0 }

/** The median and, for several values, their range. */
export function formatMeasurement(cell: Measurement | undefined): string {
  if (cell === undefined) return MISSING
  const sorted = [...cell.values].sort((a, b) => a - b)
  const digits = UNITS[cell.unit] ?? 1
  const middle = (((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2).toFixed(
    digits,
  )
  const unit = cell.unit === '' ? '' : ` ${cell.unit}`
  return sorted.length === 1
    ? `${middle}${unit}`
    : `${middle}${unit} (${(sorted[0] as number).toFixed(digits)} to ${(sorted.at(-1) as number).toFixed(digits)}, ${sorted.length} times)`
}

/** The comparison, and how many of its rows are complete. */
export interface ComparisonTable {
  readonly text: string
  readonly csv: string
  readonly measured: number
  readonly rows: number
}

/** The rows whose cells are verdicts: of the newest run that judged them, or why there is none. */
function verdictRows(runs: readonly StoredRun[]): (readonly [string, string, string])[] {
  const cell = (side: VerdictCell): string => {
    if ('none' in side) return side.none
    const found = newestFinding(runs, side.finding)
    return found === undefined ? MISSING : found.finding.holds === true ? side.yes : `not so: ${side.yes}`
  }
  return VERDICTS.map(({ what, swarm, k3s }) => [what, cell(swarm), cell(k3s)] as const)
}

/** Lines of configuration of each side. */
export interface LineCounts {
  readonly swarm: number
  readonly k3s: number
}

/** Table of all values, each from the newest run that measured it. */
export function measuredTable(runs: readonly StoredRun[], lines: LineCounts): ComparisonTable {
  const rows = [
    { what: 'Set up, with the proven app', swarm: setUpTime(runs, SET_UP.swarm), k3s: setUpTime(runs, SET_UP.k3s) },
    ...ROWS.map(({ what, swarm, k3s }) => ({
      what,
      swarm: newestMeasurement(runs, swarm),
      k3s: newestMeasurement(runs, k3s),
    })),
  ]
  const used = [...new Set(rows.flatMap(({ swarm, k3s }) => [swarm?.run, k3s?.run]).filter((run) => run !== undefined))]
  const number = new Map(used.map((run, i) => [run, i + 1]))
  const mark = (cell: Measurement | undefined): string =>
    cell === undefined ? MISSING : `${formatMeasurement(cell)} [${number.get(cell.run)}]`
  const measured = rows.filter(({ swarm, k3s }) => swarm !== undefined && k3s !== undefined).length
  const csv = [
    ['what', 'side', 'unit', 'value', 'finding', 'run'],
    ...rows.flatMap(({ what, swarm, k3s }) =>
      (
        [
          ['swarm', swarm],
          ['k3s', k3s],
        ] as const
      ).flatMap(([side, cell]) =>
        (cell?.values ?? []).map((value) => [
          what,
          side,
          cell?.unit ?? '',
          String(value),
          cell?.finding ?? '',
          cell?.run ?? '',
        ]),
      ),
    ),
  ]
  return {
    measured,
    rows: rows.length,
    text: [
      ...tableLines([
        ['', 'SWARM', 'K3S'],
        ...rows.map(({ what, swarm, k3s }) => [what, mark(swarm), mark(k3s)]),
        ...verdictRows(runs),
        ['Lines of configuration', String(lines.swarm), String(lines.k3s)],
      ]),
      '',
      ...used.map((run) => `[${number.get(run)}] ${run}, ${machinesOf(runs, run)}`),
      ...warnings(runs, rows),
    ].join('\n'),
    csv: csvText(csv),
  }
}

const machinesOf = (runs: readonly StoredRun[], name: string): string =>
  Object.keys(runs.find((run) => run.name === name)?.summary.hosts ?? {})
    .filter((host) => host !== 'localhost')
    .sort()
    .join(', ') || 'no machines'

/** Why the two columns may not be comparable. */
function warnings(
  runs: readonly StoredRun[],
  rows: readonly { readonly swarm: Measurement | undefined; readonly k3s: Measurement | undefined }[],
): string[] {
  const of = (side: 'swarm' | 'k3s'): string[] => [...new Set(rows.flatMap((row) => row[side]?.run ?? []))]
  const machines = (side: 'swarm' | 'k3s'): Set<string> => new Set(of(side).map((run) => machinesOf(runs, run)))
  const images = (['swarm', 'k3s'] as const).map((side) =>
    /image (\S+@sha256:[0-9a-f]{64}|sha256:[0-9a-f]{64})/
      .exec(newestFinding(runs, `compare.${side}`)?.finding.detail ?? '')?.[1]
      ?.replace(/^.*@/, ''),
  )
  const all = new Set([...machines('swarm'), ...machines('k3s')])
  return [
    of('swarm').length > 0 &&
      of('k3s').length > 0 &&
      all.size > 1 &&
      `warning: runs used different machines (${[...all].join(' | ')})`,
    images[0] !== undefined &&
      images[1] !== undefined &&
      images[0] !== images[1] &&
      `warning: the app's image is ${images[0]} on the Swarm, but ${images[1]} on k3s`,
  ].filter((line) => line !== false)
}

/** The concepts of both sides, with links to their findings. */
export const conceptTable = (runs: readonly StoredRun[]): string =>
  CONCEPTS.flatMap(({ concept, swarm, k3s, shownBy }) => [
    concept,
    ...tableLines(
      (
        [
          ['Swarm', swarm, shownBy.swarm],
          ['k3s', k3s, shownBy.k3s],
        ] as const
      ).map(([side, description, ids]) => [side, [description, ...ids.map((id) => shownIn(runs, id))].join('\n')]),
    ).map((line) => `  ${line}`),
    '',
  ])
    .join('\n')
    .trimEnd()

function shownIn(runs: readonly StoredRun[], id: string): string {
  const found = newestFinding(runs, id)
  if (found === undefined) return `${id}: not in any stored run`
  return `${id}: ${found.finding.holds === true ? 'holds' : 'does not hold'}, ${linkTo(found.run, id)}`
}
