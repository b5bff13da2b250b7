import { tableLines } from '../src/text/table.ts'
import { measured, ratio, type Case, type Results, type ScaleRow } from './results.ts'
import type { Spread } from './statistics.ts'
import { digits, type Verdict } from './targets.ts'

/** Rows of text; the first is the heading. */
type Table = readonly (readonly string[])[]

const HEADING = [
  'runner',
  'n',
  'wall s',
  'x floor',
  'CPU s',
  'x floor',
  'controller s',
  'hosts s',
  'memory MB',
  'connections',
  'trips/host',
  'KB/host',
]

/** All runners on one case: medians with minimum and maximum, and ratios to the floor within each repeat. */
export function caseRows(
  { trials, counts, runners }: Results,
  which: Case,
  name: (runner: { id: string; title: string }) => string,
): Table {
  const rows = runners.flatMap((runner) => {
    const { id } = runner
    const wall = measured(trials, id, which, 'wall')
    if (wall === undefined) return []
    const of = (metric: Parameters<typeof measured>[3]): Spread | undefined => measured(trials, id, which, metric)
    const count = counts.find(
      (one) => one.runner === id && one.workload === which.workload && one.hosts === which.hosts,
    )
    return [
      [
        name(runner),
        String(wall.count),
        range(wall),
        range(ratio(trials, id, 'floor', which, 'wall')),
        range(of('cpu')),
        range(ratio(trials, id, 'floor', which, 'cpu')),
        middle(of('controllerCpu')),
        middle(of('targetsCpu')),
        count === undefined ? '' : (count.memory / 1e6).toFixed(0),
        String(of('connections')?.median ?? ''),
        count === undefined ? '' : digits(count.roundTrips / which.hosts),
        digits((of('bytes')?.median ?? 0) / 1000 / which.hosts),
      ],
    ]
  })
  return [HEADING, ...rows]
}

const range = (found: Spread | undefined): string =>
  found === undefined
    ? ''
    : found.count === 1
      ? digits(found.median)
      : `${digits(found.median)} (${digits(found.min)}-${digits(found.max)})`
const middle = (found: Spread | undefined): string => (found === undefined ? '' : digits(found.median))

export const caseTable = (results: Results, which: Case): string => plain(caseRows(results, which, ({ id }) => id))

export const scaleRows = (rows: readonly ScaleRow[]): Table => [
  ['what', 'measured', 'detail'],
  ...rows.map(({ what, value, unit, detail }) => [what, `${digits(value)} ${unit}`, detail]),
]
export const scaleTable = (rows: readonly ScaleRow[]): string => plain(scaleRows(rows))

const WORDS = { true: 'met', false: 'NOT met', null: 'inconclusive' } as const

export const targetRows = (verdicts: readonly Verdict[]): Table => [
  ['target', 'result', 'measured', 'other start'],
  ...verdicts.map(({ target, met, found, other }) => [target, WORDS[`${met}`], found, other]),
]
export const targetTable = (verdicts: readonly Verdict[]): string => plain(targetRows(verdicts))

/** Aligns columns for a terminal, all to the left, since numbers include their spread. */
const plain = (table: Table): string => tableLines(table).join('\n')

/** The same as Markdown. */
export function markdown(table: Table): string {
  const [heading = [], ...rows] = table
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(heading),
    `|${heading.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}
