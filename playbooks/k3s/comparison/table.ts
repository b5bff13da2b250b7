import { csvText, type Message, type MessageList, type MessageValue } from 'labbook'
import { lines, say, tableOf } from '../../messages/say.ts'
import { CONCEPTS, ROWS, SET_UP, VERDICTS, type VerdictCell } from './rows.ts'
import {
  newestMeasurement,
  newestFinding,
  linkTo,
  latestFinding,
  setUpTime,
  type Measurement,
  type StoredRun,
} from './runs.ts'

const MISSING = say('inconclusive')
const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 0, 'requests/s': 0, MB: 0, cores: 3, '': 0 }

/** The median and, for several values, their range. */
export function formatMeasurement(cell: Measurement | undefined): Message {
  if (cell === undefined) return MISSING
  const sorted = [...cell.values].sort((a, b) => a - b)
  const digits = UNITS[cell.unit] ?? 1
  const middle = (((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2).toFixed(
    digits,
  )
  const value = say('{middle} {unit}', { middle, unit: cell.unit === '' ? '' : { id: cell.unit, values: {} } })
  return sorted.length === 1
    ? value
    : say('{middle} {unit} ({low} to {high}, {n|time|times})', {
        middle,
        unit: cell.unit === '' ? '' : { id: cell.unit, values: {} },
        low: (sorted[0] as number).toFixed(digits),
        high: (sorted.at(-1) as number).toFixed(digits),
        n: sorted.length,
      })
}

/** The comparison, and how many of its rows are complete. */
export interface ComparisonTable {
  readonly text: MessageList
  readonly csv: string
  readonly measured: number
  readonly rows: number
  /** Whether the text has a reason for each value that is missing. */
  readonly explained: boolean
}

/** The rows whose cells are verdicts: of the newest run that judged them, or why there is none. */
function verdictRows(runs: readonly StoredRun[]): (readonly [Message, Message, Message])[] {
  const cell = (side: VerdictCell): Message => {
    if ('none' in side) return say(side.none)
    const found = newestFinding(runs, side.finding)
    return found === undefined
      ? MISSING
      : found.finding.holds === true
        ? say(side.yes)
        : say('not so: {claim}', { claim: say(side.yes) })
  }
  return VERDICTS.map(({ what, swarm, k3s }) => [say(what), cell(swarm), cell(k3s)] as const)
}

/** Why values are missing: a line for each finding that has a reason, and whether all have one. */
function reasons(
  runs: readonly StoredRun[],
  [setUp, ...rows]: readonly { readonly swarm: Measurement | undefined; readonly k3s: Measurement | undefined }[],
): { readonly texts: readonly Message[]; readonly complete: boolean } {
  const missing = [
    ...ROWS.flatMap(({ swarm, k3s }, i) => [
      rows[i]?.swarm === undefined ? swarm?.[0] : undefined,
      rows[i]?.k3s === undefined ? k3s?.[0] : undefined,
    ]),
    ...VERDICTS.flatMap(({ swarm, k3s }) =>
      [swarm, k3s].map((cell) =>
        'finding' in cell && newestFinding(runs, cell.finding) === undefined ? cell.finding : undefined,
      ),
    ),
  ].filter((id) => id !== undefined)
  const found = [...new Set(missing)].map((id): Message | undefined => {
    const { holds, detail: why } = latestFinding(runs, id) ?? {}
    if (why === undefined || holds === true) return undefined
    return holds === null
      ? say('{id} is inconclusive: {why}', { id, why })
      : say('{id} does not hold: {why}', { id, why })
  })
  return {
    texts: [
      ...(setUp?.swarm === undefined ? [say('no run set up the Swarm from nothing')] : []),
      ...(setUp?.k3s === undefined ? [say('no run set up k3s from nothing')] : []),
      ...found.filter((text) => text !== undefined),
    ],
    complete: !found.includes(undefined),
  }
}

/** Lines of configuration of each side. */
export interface LineCounts {
  readonly swarm: number
  readonly k3s: number
}

/** Table of all values, each from the newest run that measured it. */
export function measuredTable(runs: readonly StoredRun[], counts: LineCounts): ComparisonTable {
  const rows = [
    {
      what: 'Set up, with the proven app' as const,
      swarm: setUpTime(runs, SET_UP.swarm),
      k3s: setUpTime(runs, SET_UP.k3s),
    },
    ...ROWS.map(({ what, swarm, k3s }) => ({
      what,
      swarm: newestMeasurement(runs, swarm),
      k3s: newestMeasurement(runs, k3s),
    })),
  ]
  const used = [...new Set(rows.flatMap(({ swarm, k3s }) => [swarm?.run, k3s?.run]).filter((run) => run !== undefined))]
  const number = new Map(used.map((run, i) => [run, i + 1]))
  const mark = (cell: Measurement | undefined): Message =>
    cell === undefined
      ? MISSING
      : say('{value} [{run}]', { value: formatMeasurement(cell), run: number.get(cell.run) ?? '' })
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
  const why = reasons(runs, rows)
  return {
    measured,
    rows: rows.length,
    explained: why.complete,
    text: lines(
      tableOf([
        ['', 'SWARM', 'K3S'],
        ...rows.map(({ what, swarm, k3s }) => [say(what), mark(swarm), mark(k3s)]),
        ...verdictRows(runs),
        [say('Lines of configuration'), counts.swarm, counts.k3s],
      ]),
      '',
      ...why.texts,
      ...used.map((run) =>
        say('[{number}] {run}, {machines}', { number: number.get(run) ?? '', run, machines: machinesText(runs, run) }),
      ),
      ...warnings(runs, rows),
    ),
    csv: csvText(csv),
  }
}

const machinesOf = (runs: readonly StoredRun[], name: string): string =>
  Object.keys(runs.find((run) => run.name === name)?.summary.hosts ?? {})
    .filter((host) => host !== 'localhost')
    .sort()
    .join(', ')

const machinesText = (runs: readonly StoredRun[], name: string): MessageValue =>
  machinesOf(runs, name) || say('no machines')

/** Why the two columns may not be comparable. */
function warnings(
  runs: readonly StoredRun[],
  rows: readonly { readonly swarm: Measurement | undefined; readonly k3s: Measurement | undefined }[],
): Message[] {
  const of = (side: 'swarm' | 'k3s'): string[] => [...new Set(rows.flatMap((row) => row[side]?.run ?? []))]
  const machines = (side: 'swarm' | 'k3s'): Set<string> => new Set(of(side).map((run) => machinesOf(runs, run)))
  const images = (['swarm', 'k3s'] as const).map((side) =>
    /image (\S+@sha256:[0-9a-f]{64}|sha256:[0-9a-f]{64})/
      .exec(newestFinding(runs, `compare.${side}`)?.finding.detail ?? '')?.[1]
      ?.replace(/^.*@/, ''),
  )
  const all = new Set([...machines('swarm'), ...machines('k3s')])
  const [swarm, k3s] = images
  return [
    ...(of('swarm').length > 0 && of('k3s').length > 0 && all.size > 1
      ? [say('warning: runs used different machines ({machines})', { machines: [...all].join(' | ') })]
      : []),
    ...(swarm !== undefined && k3s !== undefined && swarm !== k3s
      ? [say("warning: the app's image is {swarm} on the Swarm, but {k3s} on k3s", { swarm, k3s })]
      : []),
  ]
}

/** The concepts of both sides, with links to their findings. */
export const conceptTable = (runs: readonly StoredRun[]): MessageList =>
  lines(
    ...CONCEPTS.flatMap(({ concept, swarm, k3s, shownBy }, i) => [
      ...(i === 0 ? [] : ['']),
      say(concept),
      tableOf(
        (
          [
            ['  Swarm', swarm, shownBy.swarm],
            ['  k3s', k3s, shownBy.k3s],
          ] as const
        ).map(([side, description, ids]) => [side, lines(say(description), ...ids.map((id) => shownIn(runs, id)))]),
      ),
    ]),
  )

function shownIn(runs: readonly StoredRun[], id: string): Message {
  const found = newestFinding(runs, id)
  if (found === undefined) return say('{id}: not in any stored run', { id })
  const link = linkTo(found.run, id)
  return found.finding.holds === true
    ? say('{id}: holds, {link}', { id, link })
    : say('{id}: does not hold, {link}', { id, link })
}
