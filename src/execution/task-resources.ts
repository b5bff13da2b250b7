import { ANYTHING, type Plan } from '../modules/module.ts'
import type { Task } from '../modules/task.ts'
import type { AttemptResult } from './attempt-result.ts'
import { mergeKeys, type ResourceKeys } from './predicted-effects.ts'

/*
 * What a task reads and sets: the keys of its module, and those that the playbook declares with the keywords `reads`
 * and `sets`. Declared keys replace "anything", and add to the rest.
 */

/**
 * The resource keys that the plan of a task depends on.
 * @param plan - its plan, which may know more.
 */
export function readsOf({ module, keywords }: Task, params: unknown, plan?: Plan<unknown>): ResourceKeys {
  return withDeclared(mergeKeys([module.reads?.(params) ?? [ANYTHING], plan?.reads ?? []]), keywords.reads)
}

/**
 * The resource keys that a task can set.
 * @param plan - only those of its changes.
 */
export function setsOf({ module, keywords }: Task, params: unknown, plan?: Plan<unknown>): ResourceKeys {
  const own = module.sets?.(params) ?? [ANYTHING]
  const sets = plan === undefined ? own : mergeKeys(plan.changes.map((change) => change.sets ?? own))
  return sets?.length === 0 ? sets : withDeclared(sets, keywords.sets)
}

/** What a task can set on its host and on another, whatever their state. */
export const possibleChange = (task: Task, params: unknown): NonNullable<AttemptResult['predictedChange']> => ({
  sets: setsOf(task, params),
  onOtherHost: task.module.setsOnOtherHost?.(params),
})

function withDeclared(keys: ResourceKeys, declared: ResourceKeys): ResourceKeys {
  const known = keys?.filter((key) => key !== ANYTHING)
  if (declared === undefined) return known?.length === keys?.length ? keys : undefined
  return mergeKeys([known ?? [], declared])
}
