import { PatternError, selectHosts, type Inventory } from '../inventory/index.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import { tagList, tagsSelect } from '../playbook/tags.ts'
import type { PlannedRun } from './disturbance.ts'

/**
 * The steps that a run will start, in order: plays with matching hosts and, outside check mode, experiments selected by
 * tags.
 */
export function phasesOf({
  steps,
  inventory,
  hosts,
  check,
  tags,
}: Omit<PlannedRun, 'extraVars'>): readonly PlaybookStep[] {
  return steps.filter((step) =>
    step.kind === 'play' ? hasHosts(step, inventory, hosts) : !check && tagsSelect(tagList(step.tags), tags),
  )
}

function hasHosts(step: PlaybookStep, inventory: Inventory, hosts: readonly string[]): boolean {
  try {
    return hostsOf(step, inventory, hosts).length > 0
  } catch (error) {
    // An invalid pattern is reported when its step runs.
    if (error instanceof PatternError) return false
    throw error
  }
}

/**
 * The hosts of a step, limited to `hosts`; by default all matching hosts.
 *
 * @param warnOnce - receives warnings about parts of the pattern that match nothing, as in {@link selectHosts}.
 * @throws {PatternError} the pattern is invalid.
 */
export function hostsOf(
  step: PlaybookStep,
  inventory: Inventory,
  hosts?: readonly string[],
  warnOnce: (warning: string) => void = () => undefined,
): string[] {
  const allowed = hosts && new Set(hosts)
  const selected = (): string[] => {
    try {
      return selectHosts(inventory, step.hosts, warnOnce)
    } catch (error) {
      throw error instanceof PatternError ? new PatternError(`${step.kind} "${step.name}": ${error.message}`) : error
    }
  }
  return selected().filter((name) => allowed?.has(name) ?? true)
}
