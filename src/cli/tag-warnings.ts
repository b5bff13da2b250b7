import type { Inventory } from '../inventory/index.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import { tagList, type TagSelection } from '../playbook/tags.ts'
import { listingContext } from './list.ts'
import { tasksOf } from '../playbook/play-tasks.ts'
import { hostsOf } from '../runner/run.ts'
import { closest } from '../text/suggest.ts'

const SPECIAL = ['all', 'always', 'never', 'tagged', 'untagged']

/** A warning for each tag of the command line that no play, task or experiment has. */
export function tagWarnings(
  steps: readonly PlaybookStep[],
  inventory: Inventory,
  extraVars: Readonly<Record<string, unknown>>,
  { tags, skipTags }: TagSelection,
): string[] {
  if (tags.length + skipTags.length === 0) return []
  const known = new Set(steps.flatMap((step) => [...tagList(step.tags), ...taskTags(step, inventory, extraVars)]))
  const warn =
    (option: string) =>
    (tag: string): string[] => {
      if (known.has(tag) || SPECIAL.includes(tag)) return []
      const suggestion = closest(tag, [...known])
      const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
      return [
        `${option} ${tag}: no play or task has this tag${hint} (${known.size === 1 ? '1 tag exists' : `${known.size} tags exist`}; --list-tasks shows them)`,
      ]
    }
  return [...tags.flatMap(warn('--tags')), ...skipTags.flatMap(warn('--skip-tags'))]
}

/** Tags of the tasks of all hosts. Tasks that cannot be listed without facts have no known tags. */
function taskTags(step: PlaybookStep, inventory: Inventory, extraVars: Readonly<Record<string, unknown>>): string[] {
  if (step.kind === 'experiment') return []
  return hostsOf(step, inventory).flatMap((host) => {
    try {
      return tasksOf(step, listingContext(step, inventory, host, extraVars)).flatMap(({ keywords }) =>
        tagList(keywords.tags),
      )
    } catch {
      return []
    }
  })
}
