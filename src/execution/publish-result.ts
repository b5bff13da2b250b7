import type { CommandRecord, TaskResult } from '../events/events.ts'
import { shownChanges, toAttempt, type AttemptResult } from './attempt-result.ts'
import { countResult } from './recap.ts'
import type { UntimedEvent } from './run-state.ts'
import type { Stopwatch } from './stopwatch.ts'
import { setFailedTask } from './failed-task.ts'
import type { TaskExecution } from './task-execution.ts'

export interface FinishedTask {
  /** Its `when` condition is false. */
  readonly skipped: boolean
  readonly result: AttemptResult
  readonly watch: Stopwatch
  readonly attempts: number
  /** A block rescues the task if it fails. */
  readonly isRescued: boolean
}

/** In place of text that others on the host cannot read. */
const NOT_RECORDED = '[not recorded: others on the host cannot read the file]'

const withoutTexts = (command: CommandRecord): CommandRecord => ({
  ...command,
  script: NOT_RECORDED,
  stdout: command.stdout === '' ? '' : NOT_RECORDED,
  stderr: command.stderr === '' ? '' : NOT_RECORDED,
})

/** Without what the module removes from its output. */
const redacted = (command: CommandRecord, redact: (output: string) => string): CommandRecord => ({
  ...command,
  stdout: redact(command.stdout),
  stderr: redact(command.stderr),
})

/**
 * Publishes the result of a task: recap, `register`, hosts waiting for a `run_once` result, and event log.
 *
 * @returns whether it failed, and whether the play goes on nevertheless.
 */
export function publishResult(
  execution: TaskExecution,
  finished: FinishedTask,
): Pick<TaskResult, 'status' | 'ignored'> {
  const { context, task, title, target, once } = execution
  const { state, host } = context
  const { register } = task.keywords
  const { result, skipped } = finished
  const event = taskResultOf(execution, finished)
  const { status } = event
  const { predictedChange } = result
  if (predictedChange !== undefined) {
    const { sets, onOtherHost } = predictedChange
    const predictable = status !== 'unknown'
    state.predictedEffects.add(target.name, title, sets, predictable)
    if (onOtherHost !== undefined) state.predictedEffects.add(onOtherHost.host, title, onOtherHost.sets, predictable)
  }
  if (result.leaves !== undefined && !skipped)
    state.predictedEffects.leave(target.name, execution.become?.user, result.leaves)
  const pending = predictedChange !== undefined
  if (register !== undefined && !skipped) {
    if (pending) state.registry.setPending(host.name, register.key, title)
    else if (status === 'failed' && result.values === undefined)
      state.registry.setFailed(host.name, register.key, title)
    else state.registry.set(host.name, register.key, result.values)
  }
  countResult(host.recap, event)
  state.emit(event)
  if (event.rescued === true) setFailedTask(state.registry, event)
  once?.publish({ result: event, values: result.values, pending })
  return event
}

/** Whether a task failed because of what its probe found: the message explains that, the raw record does not. */
const isProbeRecord = ({ status, commands, values }: AttemptResult): boolean =>
  status === 'failed' &&
  commands.at(-1)?.kind === 'probe' &&
  commands.at(-1)?.exitCode === 0 &&
  (values as { stdout?: string } | undefined)?.stdout === undefined

function taskResultOf(
  { context: { play, host }, task, title, target, handler, isConfidential }: TaskExecution,
  { skipped, result, watch, attempts, isRescued }: FinishedTask,
): UntimedEvent<TaskResult> {
  const { module, keywords } = task
  const redact = module.redactOutput?.bind(module) ?? ((output: string) => output)
  const output = toAttempt(result)
  const hidden = keywords.no_log === true
  const message = skipped ? 'when condition is false' : result.message
  const ignored =
    (result.status === 'failed' && keywords.ignore_errors === true) ||
    (result.status === 'unreachable' && (keywords.ignore_unreachable ?? play.ignore_unreachable ?? false))
  return {
    type: 'result',
    play: play.name,
    task: title,
    module: module.name,
    handler: handler !== undefined,
    host: host.name,
    ...(target === host ? {} : { delegatedTo: target.name }),
    status: skipped ? 'skipped' : result.status,
    ignored,
    ...(result.status === 'failed' && isRescued && !ignored ? { rescued: true } : {}),
    ...(result.status === 'unknown' && result.predictedChange?.sets?.length === 0 ? { readOnly: true } : {}),
    ...(message === undefined ? {} : { message: hidden ? 'hidden by no_log' : message }),
    ...(result.msg === undefined || skipped || hidden ? {} : { msg: result.msg }),
    changes: shownChanges(task, result.changes),
    commands: hidden
      ? []
      : isConfidential
        ? result.commands.map(withoutTexts)
        : result.commands.map((command) => redacted(command, redact)),
    stdout: hidden
      ? ''
      : isConfidential
        ? NOT_RECORDED
        : redact(isProbeRecord(result) ? '' : output.stdout) || (result.msg ?? ''),
    stderr: hidden || isConfidential ? '' : redact(output.stderr),
    exitCode: result.commands.length === 0 ? null : output.rc,
    start: watch.startedAt,
    durationMs: watch.elapsed(),
    attempts,
  }
}
