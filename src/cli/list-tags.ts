import type { Inventory } from '../inventory/index.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import { tasksOf } from '../playbook/play-tasks.ts'
import { isStepSelectable, tagList, type TagSelection } from '../playbook/tags.ts'
import { hostsOf } from '../runner/step-selection.ts'
import { listingContext } from './list.ts'

/** The text of `--list-tags`: the tags of each play and experiment, and of its tasks on any host. */
export function listTags(
  steps: readonly PlaybookStep[],
  inventory: Inventory,
  hosts: readonly string[],
  extraVars: Readonly<Record<string, unknown>>,
): string {
  return steps
    .map((step) => {
      const own = tagList(step.tags)
      const tags = new Set([...own, ...taskTags(step, inventory, hosts, extraVars)])
      return [
        `${step.kind} "${step.name}": ${step.hosts}${own.length === 0 ? '' : `  [${own.join(', ')}]`}`,
        `  ${tags.size === 0 ? '(no tags)' : [...tags].sort().join(', ')}`,
      ].join('\n')
    })
    .join('\n\n')
}

/** Tags of the tasks of all hosts. Tasks that cannot be listed without facts have no known tags. */
export function taskTags(
  step: PlaybookStep,
  inventory: Inventory,
  hosts: readonly string[] | undefined,
  extraVars: Readonly<Record<string, unknown>>,
): string[] {
  if (step.kind === 'experiment') return []
  return hostsOf(step, inventory, hosts).flatMap((host) => {
    try {
      return tasksOf(step, listingContext(step, inventory, host, extraVars)).flatMap(({ keywords }) =>
        tagList(keywords.tags),
      )
    } catch {
      return []
    }
  })
}

/**
 * Whether a run needs a step. One tagged `never` needs a selected tag, which its tasks may have: they inherit its tags.
 * Groups of other steps need not be in the inventory.
 */
export function isSelectable(
  step: PlaybookStep,
  inventory: Inventory,
  extraVars: Readonly<Record<string, unknown>>,
  selection: TagSelection,
): boolean {
  if (isStepSelectable(step.tags, selection)) return true
  if (selection.tags.length === 0) return false
  return taskTags(step, inventory, undefined, extraVars).some((tag) => selection.tags.includes(tag))
}
