import type { Plan } from '../modules/module.ts'
import type { Task } from '../modules/task.ts'
import { withoutScript, type AttemptResult } from './attempt-result.ts'

import type { CommandResult } from '../shell/batch.ts'
import type { CommandRecord } from '../events/events.ts'
import type { PredictedEffects } from './predicted-effects.ts'
import type { TaskExecution } from './task-execution.ts'
import type { PreparedTask } from './prepare-task.ts'
import { possibleChange } from './task-resources.ts'

const CONTROLLER = 'localhost'

/**
 * Check mode: predicts the result of a task. It is unknown if it depends on a change that was not applied, unless that
 * leaves a state that the module can plan from; and if it reads a file of the controller that is yet to change.
 *
 * @param probed - its plan for the current state.
 * @returns the result, with the plan that it is for.
 */
export function predict(
  predictedEffects: PredictedEffects,
  execution: TaskExecution,
  prepared: PreparedTask,
  probed: { readonly result: CommandResult; readonly plan: Plan<unknown> },
  commands: readonly CommandRecord[],
): { readonly result: AttemptResult; readonly plan: Plan<unknown> } {
  const { target, task, become } = execution
  const input = predictedEffects.prerequisite(CONTROLLER, prepared.inputKeys)
  if (input !== undefined)
    return { result: unknownResult(input, task, prepared, commands, probed.plan), plan: probed.plan }
  const reads = execution.reads(prepared, probed.plan)
  const reason = predictedEffects.prerequisite(target.name, reads)
  if (reason === undefined)
    return { result: outcome(predictedEffects, execution, prepared, probed.plan, commands), plan: probed.plan }
  const state = predictedEffects.stateOf(target.name, become?.user, reads)
  const plan = state && execution.planAfter(prepared, probed.result, state)
  // A problem may have another reason than the state.
  if (plan === undefined || plan.problem !== undefined)
    return { result: unknownResult(reason, task, prepared, commands, probed.plan), plan: probed.plan }
  return { result: outcome(predictedEffects, execution, prepared, plan, commands), plan }
}

function outcome(
  predictedEffects: PredictedEffects,
  execution: TaskExecution,
  prepared: PreparedTask,
  plan: Plan<unknown>,
  commands: readonly CommandRecord[],
): AttemptResult {
  const { task } = execution
  const reads = execution.reads(prepared, plan)
  const changes = withoutScript(plan.changes)
  if (plan.problem !== undefined) {
    // Without `reads`, the problem may be due to any earlier task.
    const latest = reads === undefined ? predictedEffects.latestTask() : undefined
    if (latest !== undefined) return unknownResult(latest, task, prepared, commands, plan)
    return { status: 'failed', message: plan.problem, changes, commands, values: plan.values }
  }
  const { values, msg, leaves } = plan
  const left = leaves === undefined ? {} : { leaves }
  if (changes.length === 0)
    return { status: 'ok', changes, commands, values, ...left, ...(msg === undefined ? {} : { msg }) }
  return {
    status: 'changed',
    changes,
    commands,
    ...left,
    predictedChange: {
      sets: execution.sets(prepared, plan),
      onOtherHost: task.module.setsOnOtherHost?.(prepared.params, prepared.inputs),
    },
  }
}

/**
 * Check mode: the result of a task whose changes would fail, by their dry run. If an earlier task has yet to change a
 * host, it may remove the reason.
 */
export function predictedFailure(
  predictedEffects: PredictedEffects,
  { task }: TaskExecution,
  prepared: PreparedTask,
  plan: Plan<unknown>,
  commands: readonly CommandRecord[],
  why: string,
): AttemptResult {
  const latest = predictedEffects.latestTask()
  if (latest !== undefined) return unknownResult(latest, task, prepared, commands, { ...plan, problem: why })
  return { status: 'failed', message: why, changes: withoutScript(plan.changes), commands, values: plan.values }
}

/** Check mode: the result of a task of which only a run shows whether it succeeds. */
export const uncertainResult = (
  task: Task,
  { params }: PreparedTask,
  plan: Plan<unknown>,
  commands: readonly CommandRecord[],
  why: string,
): AttemptResult => ({
  status: 'unknown',
  message: why,
  changes: withoutScript(plan.changes),
  commands,
  predictedChange: possibleChange(task, params),
})

/**
 * The result of a task that depends on an unapplied change. What it would do in the current state is kept as
 * information.
 *
 * @param reason - the task it depends on.
 * @param plan - for the current state, if there is one.
 */
export function unknownResult(
  reason: string,
  task: Task,
  { params }: PreparedTask,
  commands: readonly CommandRecord[],
  plan?: Plan<unknown>,
): AttemptResult {
  const inCurrentState = plan?.problem ?? (plan?.changes.length === 0 ? 'no change in the current state' : undefined)
  return {
    status: 'unknown',
    message: `depends on "${reason}", which has not run yet${inCurrentState === undefined ? '' : `: ${inCurrentState}`}`,
    changes: withoutScript(plan?.changes ?? []),
    commands,
    // All keys of the module: in its future state the host may need other changes.
    predictedChange: possibleChange(task, params),
  }
}
