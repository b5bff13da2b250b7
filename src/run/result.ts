import { attemptOf, type Tried } from './attempt.ts'
import type { Entry } from './entry.ts'
import type { TaskResult } from './events.ts'
import type { RunHost } from './host.ts'
import type { Play } from './play.ts'
import { count } from './recap.ts'
import type { RunState, Untimed } from './state.ts'
import type { Stopwatch } from './stopwatch.ts'

interface Finished {
  readonly state: RunState
  readonly play: Play
  readonly host: RunHost
  readonly entry: Entry
  readonly title: string
  readonly skipped: boolean
  readonly tried: Tried
  readonly watch: Stopwatch
  readonly attempts: number
}

/** Publishes the result of a task: recap, `register`, hosts waiting for a `run_once` result, and event log. */
export function report(finished: Finished): void {
  const { state, host, entry, tried, skipped } = finished
  const { register, ignore_errors = false } = entry.task.keywords
  const event = resultOf(finished, ignore_errors)
  const { status } = event
  if (status === 'unreachable') host.out = 'unreachable'
  if (status === 'failed' && !ignore_errors) host.out = 'failed'
  const { would } = tried
  if (would !== undefined) state.foreseen.add(entry.target.name, finished.title, would.sets, status !== 'unknown')
  const pending = would !== undefined
  if (register !== undefined && !skipped) {
    if (pending) state.registry.setPending(host.name, register.key, finished.title)
    else state.registry.set(host.name, register.key, tried.values)
  }
  count(host.recap, event)
  state.emit(event)
  entry.once?.done({ result: { ...event, time: '' }, values: tried.values, pending })
}

function resultOf(
  { play, host, entry, title, skipped, tried, watch, attempts }: Finished,
  ignoreErrors: boolean,
): Untimed<TaskResult> {
  const { module, keywords } = entry.task
  const seen = attemptOf(tried)
  const hidden = keywords.no_log === true
  const message = skipped ? 'when condition is false' : tried.message
  return {
    type: 'result',
    play: play.name,
    task: title,
    module: module.name,
    handler: entry.handler !== undefined,
    host: host.name,
    ...(entry.target === host ? {} : { delegatedTo: entry.target.name }),
    status: skipped ? 'skipped' : tried.status,
    ignored: tried.status === 'failed' && ignoreErrors,
    ...(message === undefined ? {} : { message: hidden ? 'hidden by no_log' : message }),
    changes: hidden ? tried.changes.map(() => ({ description: 'hidden by no_log' })) : tried.changes,
    commands: hidden ? [] : tried.commands,
    stdout: hidden ? '' : seen.stdout,
    stderr: hidden ? '' : seen.stderr,
    exitCode: tried.commands.length === 0 ? null : seen.rc,
    start: watch.start,
    durationMs: watch.elapsed(),
    attempts,
  }
}
