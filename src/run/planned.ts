import type { Observed } from '../modules/observed.ts'
import type { Plan } from '../modules/module.ts'
import type { Outcome } from '../shell/batch.ts'
import { quote } from '../shell/quote.ts'
import { notifies, withEnvironment, type Entry } from './entry.ts'
import { together, type Words } from './foreseen.ts'
import { leaveNotices, takeNotice } from './notified.ts'
import { tooLongToPlan } from './output.ts'
import type { Play } from './play.ts'
import type { Prepared } from './prepare.ts'

/** Caches plans by probe result: the batcher requests a plan before the task itself does. */
const plans = new WeakMap<
  Outcome,
  { readonly prepared: Prepared; readonly vars: object; readonly plan: Plan<unknown> }
>()

/** Plans the changes that bring a probed host to the desired state. */
export function planOf(
  entry: Entry,
  prepared: Prepared,
  probed: Outcome,
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
  { params, inputs }: Prepared,
  probed: Outcome,
  vars: Readonly<Record<string, unknown>>,
): Plan<unknown> {
  const problem = tooLongToPlan(probed)
  if (problem !== undefined) return { changes: [], problem }
  return module.plan(params, probed satisfies Observed, inputs, vars)
}

/** The resource keys that a plan depends on. */
export const readsOf = ({ task: { module } }: Entry, { params }: Prepared, plan: Plan<unknown>): Words =>
  together([module.reads?.(params), plan.reads ?? []])

/** The resource keys that a plan's changes modify. */
export function setsOf({ task: { module } }: Entry, { params }: Prepared, { changes }: Plan<unknown>): Words {
  const moduleKeys = module.sets?.(params)
  return together(changes.map(({ sets }) => sets ?? moduleKeys))
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
    before: notified.length === 0 ? [] : [leaveNotices(play.name, notified)],
    own: changes.map(({ script }) => withEnvironment(entry, script, quote)),
    // A change that disconnects the host cannot remove the marker itself.
    after: handler === undefined || module.comesBack !== undefined ? [] : [takeNotice(play.name, handler)],
  }
}

export const inOrder = ({ before, own, after }: ChangeScripts): string[] => [...before, ...own, ...after]
