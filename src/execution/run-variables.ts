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
  const rendered = renderVariables(vars, { host: host.name, groups, hostvars: hostVarsOf(state), reads })
  // Not enumerable: a copy of a host's variables must not contain those of all hosts.
  return reads.view(Object.defineProperty(rendered, 'hostvars', { value: state.hostvars }))
}

/** The variables of any host of the inventory during a run. */
export const hostVarsOf =
  (state: RunState) =>
  (name: string): Vars =>
    runVariables(state, state.host(name))
