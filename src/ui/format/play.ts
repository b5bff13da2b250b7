import type { TaskResult } from '../../run/events.ts'
import { totals, type Board } from '../board.ts'
import { duration } from './duration.ts'
import { findingTally } from './finding.ts'
import { noticePaint } from './notice.ts'
import { labelOf, paintOf, type Label, type Palette } from './palette.ts'
import { resultBody, resultTitle } from './result.ts'
import { count, shorten } from './text.ts'

export interface PlaySummary {
  readonly check: boolean
  readonly diff: boolean
  /** Milliseconds; null for a play that was interrupted. */
  readonly durationMs: number | null
}

const NAME_WIDTH = 30
const OUTCOME_WIDTH = 36

/** What is left of a play on the screen: one line, and below it only what asks to be read. */
export function playLines(board: Board, summary: PlaySummary, paint: Palette): string[] {
  return [
    headLine(board, summary, paint),
    ...board.notices.map(({ level, host, message }) =>
      `    ${noticePaint(level, paint)(`${level}:`)} ${host === undefined ? '' : `${host}: `}${shorten(message)}`),
    ...(summary.check || summary.diff ? changeBlocks(board, summary.diff, paint) : []),
    ...board.results.filter(isTrouble).flatMap((result) => troubleBlock(result, paint)),
  ]
}

function headLine(board: Board, { check, durationMs }: PlaySummary, paint: Palette): string {
  const plain = outcome(board, check)
  const texts = plain.map(({ text }) => text).join(', ')
  const painted = plain.map(({ text, label }) => (label === undefined ? text : paintOf(label, paint)(text))).join(', ')
  const took = durationMs === null ? 'stopped' : duration(durationMs)
  const width = Math.max(0, OUTCOME_WIDTH - texts.length)
  return `${mark(board, durationMs, paint)} ${paint.bold(shorten(board.play).padEnd(NAME_WIDTH))}  `
    + `${painted}${' '.repeat(width)}  ${paint.dim(took.padStart(7))}`
}

function mark(board: Board, durationMs: number | null, paint: Palette): string {
  if (board.results.some((result) => labelOf(result) === 'failed' || labelOf(result) === 'unreachable')) return paint.red('✗')
  if (durationMs === null) return paint.yellow('■')
  return board.findings.some(({ holds }) => holds === false) ? paint.yellow('!') : paint.green('✓')
}

interface Part {
  readonly text: string
  readonly label?: Label
}

function outcome(board: Board, check: boolean): Part[] {
  if (board.kind === 'experiment') {
    return [{ text: board.findings.length > 0 ? findingTally(board.findings) : count(board.exhibits, 'exhibit') }]
  }
  const sum = totals(board)
  const part = (label: Label, words: string): Part[] => ((sum[label] ?? 0) > 0 ? [{ text: `${sum[label]} ${words}`, label }] : [])
  const parts = [
    ...part('changed', check ? 'would change' : 'changed'),
    ...part('unknown', 'cannot be told'),
    ...part('failed', 'failed'),
    ...part('unreachable', 'unreachable'),
    ...part('ignored', 'ignored'),
  ]
  return [{ text: count(board.hosts.size, 'host') }, ...(parts.length > 0 ? parts : [{ text: 'nothing to change', label: 'ok' } as const])]
}

const isTrouble = (result: TaskResult): boolean => ['failed', 'unreachable', 'ignored'].includes(labelOf(result))

function troubleBlock(result: TaskResult, paint: Palette): string[] {
  const label = labelOf(result)
  return [
    `    ${paintOf(label, paint)(label)}  ${paint.bold(result.host)}  ${resultTitle(result)}`,
    ...resultBody(result, { diff: false, verbosity: 0 }, paint).map((line) => `      ${paint.dim('│')} ${line}`),
  ]
}

/** What changes, once for all hosts where it is the same. */
function changeBlocks(board: Board, diff: boolean, paint: Palette): string[] {
  const blocks = new Map<string, { lines: string[]; hosts: string[] }>()
  for (const result of board.results) {
    const label = labelOf(result)
    if (label !== 'changed' && label !== 'unknown') continue
    const lines = [
      `${paintOf(label, paint)(label === 'changed' ? '~' : '?')} ${resultTitle(result)}`,
      ...resultBody(result, { diff, verbosity: 0 }, paint).map((line) => `  ${line}`),
    ]
    const key = lines.join('\n')
    const block = blocks.get(key) ?? { lines, hosts: [] }
    block.hosts.push(result.host)
    blocks.set(key, block)
  }
  return [...blocks.values()].flatMap(({ lines: [title = '', ...body], hosts }) => [
    `    ${title}  ${paint.dim(hosts.length === board.hosts.size && hosts.length > 1 ? 'all hosts' : hosts.join(' '))}`,
    ...body.map((line) => `    ${line}`),
  ])
}
