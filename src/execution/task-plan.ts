import type { Observed } from '../modules/script-output.ts'
import type { Plan } from '../modules/module.ts'
import type { ScriptResult } from '../shell/batch.ts'
import { quote } from '../shell/quote.ts'
import { notifies, withEnvironment, type Entry } from './task-entry.ts'
import { mergeKeys, type ResourceKeys } from './predicted-effects.ts'
import { setPendingMarkers, clearPendingMarker } from './pending-handlers.ts'
import { outputLimitProblem } from './captured-output.ts'
import type { Play } from '../playbook/play.ts'
import type { PreparedTask } from './prepare-task.ts'

/** Caches plans by probe result: the batcher requests a plan before the task itself does. */
const plans = new WeakMap<
  ScriptResult,
  { readonly prepared: PreparedTask; readonly vars: object; readonly plan: Plan<unknown> }
>()

/** Plans the changes that bring a probed host to the desired state. */
export function planOf(
  entry: Entry,
  prepared: PreparedTask,
  probed: ScriptResult,
  vars: Readonly<Record<string, unknown>>,
): Plan<unknown> {
  const cached = plans.get(probed)
  if (cached?.prepared === prepared && cached.vars === vars) return cached.plan
  const plan = createPlan(entry, prepared, probed, vars)
  plans.set(probed, { prepared, vars, plan })
  return plan
}

function createPlan(
  { task: { module } }: Entry,
  { params, inputs }: PreparedTask,
  probed: ScriptResult,
  vars: Readonly<Record<string, unknown>>,
): Plan<unknown> {
  const problem = outputLimitProblem(probed)
  if (problem !== undefined) return { changes: [], problem }
  return module.plan(params, probed satisfies Observed, inputs, vars)
}

/** The resource keys that a plan depends on. */
export const readsOf = ({ task: { module } }: Entry, { params }: PreparedTask, plan: Plan<unknown>): ResourceKeys =>
  mergeKeys([module.reads?.(params), plan.reads ?? []])

/** The resource keys that a plan's changes modify. */
export function setsOf(
  { task: { module } }: Entry,
  { params }: PreparedTask,
  { changes }: Plan<unknown>,
): ResourceKeys {
  const moduleKeys = module.sets?.(params)
  return mergeKeys(changes.map(({ sets }) => sets ?? moduleKeys))
}

/** The scripts of a change, in order of execution. */
export interface ChangeScripts {
  /** Create pending-handler markers for the notified handlers. */
  readonly before: readonly string[]
  readonly own: readonly string[]
  /** Remove the pending-handler marker of this handler. */
  readonly after: readonly string[]
}

/** @param handlers - names of the play's handlers. */
export function changeScripts(
  play: Play,
  handlers: readonly string[],
  entry: Entry,
  { changes }: Plan<unknown>,
): ChangeScripts {
  const {
    task: { module },
    handler,
  } = entry
  const notified = notifies(entry).filter((name) => handlers.includes(name))
  return {
    before: notified.length === 0 ? [] : [setPendingMarkers(play.name, notified)],
    own: changes.map(({ script }) => withEnvironment(entry, script, quote)),
    // A change that disconnects the host cannot remove the marker itself.
    after: handler === undefined || module.comesBack !== undefined ? [] : [clearPendingMarker(play.name, handler)],
  }
}

export const allScripts = ({ before, own, after }: ChangeScripts): string[] => [...before, ...own, ...after]
