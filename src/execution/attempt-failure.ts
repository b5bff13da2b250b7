import { BecomeFailed, TimeLimit, Unreachable } from '../connection/connection.ts'
import type { CommandRecord } from '../events/events.ts'
import { contentOf } from '../modules/support/effects.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import { ConditionError } from '../playbook/playbook-errors.ts'
import { UnresolvedReference } from '../values/reference.ts'
import { lastLine, type AttemptResult } from './attempt-result.ts'
import type { CheckedTask } from './check-task.ts'
import type { ExecutionContext } from './execution-context.ts'
import { MissingInput } from './inputs.ts'
import { possibleChange } from './task-resources.ts'
import { BadParameters, checkedParams, resolveParams } from './prepare-task.ts'
import { BatchIncomplete, type RunHost } from './run-host.ts'

/** The host whose files are the controller's. */
const CONTROLLER = 'localhost'

/**
 * The result of a failed attempt. In check mode, some errors only mean that an earlier change was not applied.
 *
 * @param isIndeterminate - changes had started when the connection was lost.
 * @throws {Interrupted} the user interrupted the run; and any unexpected error.
 */
export function attemptFailure(
  {
    target,
    context,
    isConfidential,
  }: { readonly target: RunHost; readonly context: ExecutionContext; readonly isConfidential: boolean },
  checked: CheckedTask,
  commands: readonly CommandRecord[],
  error: unknown,
  isIndeterminate: boolean,
): AttemptResult {
  const { check, signal, predictedEffects, registry } = context.state
  const { task, title } = checked
  if (signal.aborted) throw new Interrupted()
  const unknown = (message: string, change: AttemptResult['predictedChange'] = { sets: undefined }): AttemptResult => ({
    status: 'unknown',
    message,
    changes: [],
    commands,
    predictedChange: change,
  })
  if (check && error instanceof UnresolvedReference && error.pending) return unknown(error.message)
  const latest = predictedEffects.latestTask()
  if (check && error instanceof Unreachable && latest !== undefined) {
    // An earlier task may create this host. Each further connection attempt could take a full time limit.
    const why = target.unreachableReason === undefined ? `: ${error.message}` : ''
    target.unreachableReason ??= error.message
    return unknown(`depends on "${latest}", which has not run yet${why}`)
  }
  if (check && error instanceof MissingInput) {
    // An earlier task may create this file on the controller.
    const reason = predictedEffects.prerequisite(CONTROLLER, error.places.flatMap(contentOf))
    const params = checkedParams(checked, resolveParams(task, registry.scope(context.host.name)))
    if (reason !== undefined)
      return unknown(`depends on "${reason}", which has not run yet: ${error.message}`, possibleChange(task, params))
  }
  const failed = failureOf(error, commands, isConfidential)
  if (!isIndeterminate || failed.status !== 'unreachable' || (error as Unreachable).began) return failed
  return { ...failed, message: `${failed.message}; connection lost during "${title}": its outcome is unknown` }
}

/** Converts expected errors to results; rethrows all others. */
function failureOf(error: unknown, commands: readonly CommandRecord[], isConfidential: boolean): AttemptResult {
  const failed = (status: 'failed' | 'unreachable', message: string): AttemptResult => ({
    status,
    message,
    changes: [],
    commands,
  })
  if (error instanceof Unreachable) return failed('unreachable', error.message)
  if (error instanceof TimeLimit) {
    const outputs = isConfidential ? [] : [error.stderr, error.stdout]
    const lastOutput = outputs.map((output) => lastLine(output.toString('utf8'))).find((line) => line !== '') ?? ''
    return failed('failed', lastOutput === '' ? error.message : `${error.message}; last output: ${lastOutput}`)
  }
  if (error instanceof BecomeFailed || error instanceof BatchIncomplete || isReportedLater(error))
    return failed('failed', error.message)
  throw error
}

/** Errors of a task's own parameters and conditions: they are reported when the task itself runs. */
export const isReportedLater = (error: unknown): error is Error =>
  error instanceof UnresolvedReference ||
  error instanceof ConditionError ||
  error instanceof BadParameters ||
  error instanceof MissingInput
