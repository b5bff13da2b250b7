import type { Conditions, Task } from '../modules/task.ts'
import { callTaskFunction } from '../playbook/playbook-errors.ts'
import type { ExecutionContext } from './execution-context.ts'

/**
 * Evaluates `when`.
 * @throws {UnresolvedReference | ConditionError} it uses a value that does not exist yet, or throws.
 */
export function isConditionMet({ keywords: { when = true }, at }: Task, context: ExecutionContext): boolean {
  if (typeof when !== 'function') return when
  const { host, vars, state } = context
  const scope = state.registry.scope(host.name)
  const on: Conditions = { host: host.name, vars, value: (reference) => reference.read(scope) }
  return callTaskFunction('when', at, () => when(on))
}
