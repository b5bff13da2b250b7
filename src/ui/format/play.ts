import type { TaskResult } from '../../events/events.ts'
import { totalCounts, type PlayState } from '../play-state.ts'
import { duration } from './duration.ts'
import { findingTally } from './finding.ts'
import { logLines } from './log-event.ts'
import { isFailureLabel, labelOf, paintOf, type ResultLabel, type Palette } from './palette.ts'
import { resultBody, resultLine, resultTitle, failureOutput } from './result.ts'
import { count, linesOf, shorten, wrap } from './text.ts'

export interface PlayLineOptions {
  readonly check: boolean
  readonly diff: boolean
  /** Milliseconds; null for an interrupted play. */
  readonly durationMs: number | null
  /** The terminal's width in characters. */
  readonly width: number
}

const NAME_WIDTH = 24
const INDENT = ' '.repeat(4)

/** A finished play: one line, and below it log messages, texts for the user, failures and, in check mode, changes. */
export function playLines(board: PlayState, summary: PlayLineOptions, paint: Palette): string[] {
  return [
    headLine(board, summary, paint),
    ...board.logEvents.flatMap((notice) => logLines(notice, paint, summary.width - INDENT.length)).map(indented),
    ...board.results.flatMap((result) => msgBlock(result, paint)),
    ...(summary.check || summary.diff ? changeBlocks(board, summary.diff, paint) : []),
    ...board.results.filter(isFailure).flatMap((result) => failureBlock(result, summary.width, paint)),
  ]
}

function headLine(board: PlayState, { check, durationMs }: PlayLineOptions, paint: Palette): string {
  const took = durationMs === null ? 'stopped' : duration(durationMs)
  const parts = outcome(board, check).map(({ text, label }) =>
    label === undefined ? text : paintOf(label, paint)(text),
  )
  return (
    `${mark(board, durationMs, paint)} ${paint.bold(shorten(board.play).padEnd(NAME_WIDTH))} ` +
    `${paint.dim(took.padStart(7))}   ${parts.join(', ')}`
  )
}

function mark(board: PlayState, durationMs: number | null, paint: Palette): string {
  if ([...board.hosts.values()].some(({ failure: trouble }) => trouble !== undefined)) return paint.red('✗')
  if (durationMs === null) return paint.yellow('■')
  return board.findings.some(({ holds }) => holds === false) ? paint.yellow('!') : paint.green('✓')
}

interface Part {
  readonly text: string
  readonly label?: ResultLabel
}

function outcome(board: PlayState, check: boolean): Part[] {
  if (board.kind === 'experiment') {
    return [{ text: board.findings.length > 0 ? findingTally(board.findings) : count(board.exhibits, 'exhibit') }]
  }
  const sum = totalCounts(board)
  const part = (label: ResultLabel, words: string): Part[] =>
    (sum[label] ?? 0) > 0 ? [{ text: `${sum[label]} ${words}`, label }] : []
  const parts: Part[] = [
    ...part('changed', check ? 'would change' : 'changed'),
    ...part('unknown', 'unknown'),
    ...part('failed', 'failed'),
    ...part('unreachable', 'unreachable'),
  ]
  if (parts.length === 0) parts.push({ text: 'nothing to change', label: 'ok' })
  return [{ text: count(board.hosts.size, 'host') }, ...parts]
}

const indented = (line: string): string => `${INDENT}${line}`

const isFailure = (result: TaskResult): boolean => isFailureLabel(labelOf(result))

/** The text that a task prints for the user, such as that of `debug`. */
function msgBlock(result: TaskResult, paint: Palette): string[] {
  const lines = linesOf(result.msg ?? '')
  if (lines.length === 0) return []
  return [`${paint.bold(result.host)}  ${resultTitle(result)}`, ...lines.map(indented)].map(indented)
}

/** A failure: host, task, reason and the end of the output. */
function failureBlock(result: TaskResult, width: number, paint: Palette): string[] {
  const label = labelOf(result)
  return [
    `${paintOf(label, paint)(label)}  ${paint.bold(result.host)}  ${resultTitle(result)}`,
    ...wrap(shorten(result.message ?? ''), width - 2 * INDENT.length).map(indented),
    ...failureOutput(result).map((line) => indented(`${paint.dim('│')} ${line}`)),
  ].map(indented)
}

/** The changes; equal ones of several hosts are listed once. */
function changeBlocks(board: PlayState, diff: boolean, paint: Palette): string[] {
  const blocks = new Map<string, { lines: string[]; hosts: string[] }>()
  for (const result of board.results) {
    const label = labelOf(result)
    if (label !== 'changed' && label !== 'unknown') continue
    const lines = [
      `${paintOf(label, paint)(label === 'changed' ? '~' : '?')} ${resultLine(result)}`,
      ...resultBody(result, { diff, verbosity: 0 }, paint).map((line) => `  ${line}`),
    ]
    const key = lines.join('\n')
    const block = blocks.get(key) ?? { lines, hosts: [] }
    block.hosts.push(result.host)
    blocks.set(key, block)
  }
  return [...blocks.values()].flatMap(({ lines: [title = '', ...body], hosts }) =>
    [
      `${title}  ${paint.dim(hosts.length === board.hosts.size && hosts.length > 1 ? 'all hosts' : hosts.join(' '))}`,
      ...body,
    ].map(indented),
  )
}
