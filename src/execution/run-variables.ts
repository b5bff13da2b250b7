import { renderVariables } from '../playbook/variables.ts'
import type { RunHost } from './run-host.ts'
import type { RunState } from './run-state.ts'

type Vars = Readonly<Record<string, unknown>>

/**
 * A host's variables during a run, rendered, with its facts.
 *
 * @param more - override those of the inventory; extra variables override them.
 */
export function runVariables(state: RunState, host: RunHost, more: Vars = {}): Vars {
  const { groups, varReads: reads } = state
  const special = { inventory_hostname: host.name, groups, ansible_facts: host.facts }
  const vars = { ...host.vars, ...more, ...state.extraVars, ...special }
  return reads.view(renderVariables(vars, { host: host.name, groups, hostvars: hostVarsOf(state), reads }))
}

/** The variables of any host of the inventory during a run. */
export const hostVarsOf =
  (state: RunState) =>
  (name: string): Vars =>
    runVariables(state, state.host(name))
