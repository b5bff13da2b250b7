import type { CommandRecord, TaskResult } from '../../events/events.ts'
import { diffLines } from './diff.ts'
import { duration } from './duration.ts'
import { isFailureLabel, labelOf, type Palette } from './palette.ts'
import { wrapAnywhere, linesOf, shorten, tail } from './text.ts'

export interface ResultDetail {
  readonly diff: boolean
  /** The number of `-v`: 1 output, 2 commands, 3 probes. */
  readonly verbosity: number
  /** The maximum line length in characters. Default: no limit. */
  readonly width?: number
}

const TAIL_LINES = 12

/** The title of a result: the task, where it ran and the number of attempts. */
export function resultTitle(result: TaskResult): string {
  const asides = [
    result.handler && 'handler',
    result.delegatedTo !== undefined && `on ${result.delegatedTo}`,
    result.attempts > 1 && `${result.attempts} attempts`,
  ].filter((aside) => aside !== false)
  return `${shorten(result.task)}${asides.length > 0 ? ` (${asides.join(', ')})` : ''}`
}

/** {@link resultTitle} and the message. */
export const resultLine = (result: TaskResult): string =>
  `${resultTitle(result)}${result.message === undefined ? '' : `: ${shorten(result.message)}`}`

/** The lines below a result: changes, diffs, the end of an error, and the output with `-v`. */
export function resultBody(
  result: TaskResult,
  { diff, verbosity, width = Infinity }: ResultDetail,
  paint: Palette,
): string[] {
  const unknown = result.status === 'unknown' && result.changes.length > 0
  return [
    ...(unknown ? [paint.dim('planned changes:')] : []),
    ...result.changes.flatMap((change) => [
      ...(repeats(change.description, result.task) && !unknown
        ? []
        : [paint.dim(shorten(`- ${change.description}`, width))]),
      ...(diff && change.diff !== undefined ? diffLines(change.diff, paint) : []),
    ]),
    ...msgLines(result, verbosity),
    ...outputLines(result, verbosity, paint).flatMap((line) => (verbosity > 0 ? [line] : wrapAnywhere(line, width))),
  ]
}

/** The text that a task prints for the user: complete, at any verbosity. */
const msgLines = ({ msg = '' }: TaskResult, verbosity: number): string[] => (verbosity === 1 ? [] : linesOf(msg))

/** Whether the description only repeats the task's name. */
const repeats = (description: string, task: string): boolean => {
  const bare = (text: string): string =>
    shorten(text)
      .replace(/^run: /, '')
      .toLowerCase()
  return bare(description) === bare(task)
}

/** The end of a failed task's output, unless the message contains it. */
export function failureOutput(result: TaskResult): string[] {
  const label = labelOf(result)
  if (!isFailureLabel(label) || label === 'unreachable') return []
  const lines = tail(linesOf(result.stderr).length > 0 ? result.stderr : result.stdout, TAIL_LINES)
  return lines.length === 1 && (result.message ?? '').includes((lines[0] ?? '').trim()) ? [] : lines
}

function outputLines(result: TaskResult, verbosity: number, paint: Palette): string[] {
  const commands = result.commands.filter(({ kind }) => verbosity >= 3 || (verbosity === 2 && kind === 'change'))
  if (commands.length > 0) return commands.flatMap((command) => commandLines(command, paint))
  if (verbosity === 0) return failureOutput(result)
  return [...linesOf(result.stdout), ...linesOf(result.stderr)]
}

function commandLines({ kind, script, stdout, stderr, exitCode, durationMs }: CommandRecord, paint: Palette): string[] {
  const took = durationMs === null ? '' : `, ${duration(durationMs)}`
  return [
    ...linesOf(script).map((line, i) => paint.cyan(`${i === 0 ? '$' : ' '} ${line}`)),
    ...linesOf(stdout),
    ...linesOf(stderr),
    paint.dim(`${kind}: exit ${exitCode}${took}`),
  ]
}
