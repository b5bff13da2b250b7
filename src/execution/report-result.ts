import { toAttempt, type AttemptResult } from './attempt-result.ts'
import type { Entry } from './task-entry.ts'
import type { TaskResult } from '../events/events.ts'
import type { RunHost } from './run-host.ts'
import type { Play } from '../playbook/play.ts'
import { countResult } from './recap.ts'
import type { RunState, UntimedEvent } from './run-state.ts'
import type { Stopwatch } from './stopwatch.ts'

interface Finished {
  readonly state: RunState
  readonly play: Play
  readonly host: RunHost
  readonly entry: Entry
  readonly title: string
  readonly skipped: boolean
  readonly result: AttemptResult
  readonly watch: Stopwatch
  readonly attempts: number
}

/** Publishes the result of a task: recap, `register`, hosts waiting for a `run_once` result, and event log. */
export function report(finished: Finished): void {
  const { state, host, entry, result, skipped } = finished
  const { register, ignore_errors = false } = entry.task.keywords
  const event = resultOf(finished, ignore_errors)
  const { status } = event
  if (status === 'unreachable') host.excluded = 'unreachable'
  if (status === 'failed' && !ignore_errors) host.excluded = 'failed'
  const { predictedChange: would } = result
  if (would !== undefined)
    state.predictedEffects.add(entry.target.name, finished.title, would.sets, status !== 'unknown')
  const pending = would !== undefined
  if (register !== undefined && !skipped) {
    if (pending) state.registry.setPending(host.name, register.key, finished.title)
    else state.registry.set(host.name, register.key, result.values)
  }
  countResult(host.recap, event)
  state.emit(event)
  entry.once?.publish({ result: { ...event, time: '' }, values: result.values, pending })
}

function resultOf(
  { play, host, entry, title, skipped, result, watch, attempts }: Finished,
  ignoreErrors: boolean,
): UntimedEvent<TaskResult> {
  const { module, keywords } = entry.task
  const output = toAttempt(result)
  const hidden = keywords.no_log === true
  const message = skipped ? 'when condition is false' : result.message
  return {
    type: 'result',
    play: play.name,
    task: title,
    module: module.name,
    handler: entry.handler !== undefined,
    host: host.name,
    ...(entry.target === host ? {} : { delegatedTo: entry.target.name }),
    status: skipped ? 'skipped' : result.status,
    ignored: result.status === 'failed' && ignoreErrors,
    ...(message === undefined ? {} : { message: hidden ? 'hidden by no_log' : message }),
    changes: hidden ? result.changes.map(() => ({ description: 'hidden by no_log' })) : result.changes,
    commands: hidden ? [] : result.commands,
    stdout: hidden ? '' : output.stdout,
    stderr: hidden ? '' : output.stderr,
    exitCode: result.commands.length === 0 ? null : output.rc,
    start: watch.startedAt,
    durationMs: watch.elapsed(),
    attempts,
  }
}
