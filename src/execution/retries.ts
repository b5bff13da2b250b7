import { setTimeout as sleep } from 'node:timers/promises'
import type { Task } from '../modules/task.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import { callTaskFunction } from '../playbook/playbook-errors.ts'
import { applyConditions, failOnConditionError, toAttempt, type AttemptResult } from './attempt-result.ts'
import { TaskAttempt, type Batching, type ReconnectBudget } from './task-attempt.ts'
import type { TaskExecution } from './task-execution.ts'

/** Ansible's defaults. */
const DEFAULT_RETRIES = 3
const DEFAULT_DELAY_SECONDS = 5

/** Attempts a task until it succeeds, with `until`, `retries` and `delay`. @throws {Interrupted} */
export async function attemptWithRetries(
  execution: TaskExecution,
  batching: Batching,
): Promise<{ result: AttemptResult; attempts: number }> {
  const { task, title, context } = execution
  const { state, play, host } = context
  const { until, retries, delay = DEFAULT_DELAY_SECONDS } = task.keywords
  const maxAttempts = until === undefined && retries === undefined ? 1 : 1 + (retries ?? DEFAULT_RETRIES)
  const reconnectBudget: ReconnectBudget = { used: false }
  for (let attempts = 1; ; attempts++) {
    const attempted = await new TaskAttempt(execution, batching).run(reconnectBudget)
    const result = applyConditions(attempted, task)
    if (state.signal.aborted) throw new Interrupted()
    if (state.check) return { result: checkUntil(result, task), attempts }
    const noRetry = result.status === 'unreachable' || result.indeterminate === true || result.final === true
    if (noRetry) return { result, attempts }
    const evaluated = failOnConditionError(result, () => ({
      ...result,
      final: until === undefined ? result.status !== 'failed' : holds(until, result, task),
    }))
    if (evaluated.final) return { result: evaluated, attempts }
    if (attempts >= maxAttempts) {
      if (until === undefined) return { result, attempts }
      const message = result.message ?? `until condition not met after ${attempts} attempts`
      return { result: { ...result, status: 'failed', message }, attempts }
    }
    batching.list.forgetProbes()
    // Reported after the first attempt only: most conditions are met at once.
    if (attempts === 1) {
      const withinSeconds = (maxAttempts - 1) * delay
      state.emit({ type: 'waiting', play: play.name, host: host.name, for: title, withinSeconds })
    }
    await sleep(delay * 1000, undefined, { signal: state.signal }).catch(() => {
      throw new Interrupted()
    })
  }
}

/** Check mode has one attempt: an unmet condition may be met later. */
function checkUntil(result: AttemptResult, task: Task): AttemptResult {
  const { until } = task.keywords
  if (until === undefined || result.status !== 'ok' || result.predictedChange !== undefined) return result
  const unknown: AttemptResult = {
    ...result,
    status: 'unknown',
    message: 'the until condition is not met yet',
    predictedChange: { sets: [] },
  }
  return failOnConditionError(result, () => (holds(until, result, task) ? result : unknown))
}

const holds = (until: NonNullable<Task['keywords']['until']>, result: AttemptResult, { at }: Task): boolean =>
  callTaskFunction('until', at, () => until(toAttempt(result)))
