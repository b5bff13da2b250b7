import type { Plan } from '../modules/module.ts'
import { withoutScript, type Tried } from './attempt.ts'
import type { Entry } from './entry.ts'
import type { CommandRecord } from './events.ts'
import type { Foreseen } from './foreseen.ts'
import { readsOf, setsOf } from './planned.ts'
import type { Prepared } from './prepare.ts'

/** Check mode: what the run would do; unknown where it would see another host than the one that is there now. */
export function foresee(
  foreseen: Foreseen,
  entry: Entry,
  prepared: Prepared,
  plan: Plan<unknown>,
  commands: readonly CommandRecord[],
): Tried {
  const { target } = entry
  const reads = readsOf(entry, prepared, plan)
  const reason = foreseen.reason(target.name, reads)
  if (reason !== undefined) return cannotTell(reason, entry, prepared, commands, plan)
  const changes = withoutScript(plan.changes)
  if (plan.problem !== undefined) {
    // A task that may look at anything may look at another host.
    const elsewhere = reads === undefined ? foreseen.latest() : undefined
    if (elsewhere !== undefined) return cannotTell(elsewhere, entry, prepared, commands, plan)
    return { status: 'failed', message: plan.problem, changes, commands }
  }
  if (changes.length === 0) return { status: 'ok', changes, commands, values: plan.values }
  return { status: 'changed', changes, commands, would: { sets: setsOf(entry, prepared, plan) } }
}

/**
 * A task that depends on one that has not run. What it would do as things are now is kept as information.
 *
 * @param reason - the task that would have to run first.
 * @param plan - as things are now; without it nothing is said of that.
 */
export function cannotTell(
  reason: string,
  { task }: Entry,
  { params }: Prepared,
  commands: readonly CommandRecord[],
  plan?: Plan<unknown>,
): Tried {
  const now = plan?.problem ?? (plan?.changes.length === 0 ? 'as things are now it would change nothing' : undefined)
  return {
    status: 'unknown',
    message: `cannot tell before «${reason}» has run${now === undefined ? '' : `: ${now}`}`,
    changes: withoutScript(plan?.changes ?? []),
    commands,
    // Not what it would set now: on the host as it will be, its changes may be others.
    would: { sets: task.module.sets?.(params) },
  }
}
