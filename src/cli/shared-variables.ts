import type { Inventory } from '../inventory/index.ts'
import type { VarSet } from '../playbook/define-vars.ts'

/**
 * The declared variables that the inventory sets, with the same value for all hosts that have them, for the event log:
 * a run that is repeated elsewhere gets them. Declared secrets are left out: each lab has its own.
 */
export function sharedVariables(
  { hosts }: Pick<Inventory, 'hosts'>,
  names: readonly string[],
  sets: readonly VarSet[],
): Readonly<Record<string, unknown>> {
  const shared = new Map<string, unknown>()
  const selected = names.flatMap((name) => hosts.get(name) ?? [])
  for (const { definitions } of sets) {
    for (const [variable, { secret = false }] of Object.entries(definitions)) {
      const [first, ...others] = selected.map(({ vars }) => vars[variable])
      if (secret || first === undefined) continue
      const text = JSON.stringify(first)
      if (others.every((value) => JSON.stringify(value) === text)) shared.set(variable, first)
    }
  }
  return Object.fromEntries(shared)
}
