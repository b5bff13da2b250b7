import type { Inventory } from '../inventory/index.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import { tagList, type TagSelection } from '../playbook/tags.ts'
import { closest } from '../text/suggest.ts'
import { taskTags } from './list-tags.ts'

const SPECIAL = ['all', 'always', 'never', 'tagged', 'untagged']

/** A warning for each tag of the command line that no play, task or experiment has. */
export function tagWarnings(
  steps: readonly PlaybookStep[],
  inventory: Inventory,
  extraVars: Readonly<Record<string, unknown>>,
  { tags, skipTags }: TagSelection,
): string[] {
  if (tags.length + skipTags.length === 0) return []
  const known = new Set(
    steps.flatMap((step) => [...tagList(step.tags), ...taskTags(step, inventory, undefined, extraVars)]),
  )
  const warn =
    (option: string) =>
    (tag: string): string[] => {
      if (known.has(tag) || SPECIAL.includes(tag)) return []
      const suggestion = closest(tag, [...known])
      const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
      return [
        `${option} ${tag}: no play or task has this tag${hint} (${known.size === 1 ? '1 tag exists' : `${known.size} tags exist`}; --list-tags shows them)`,
      ]
    }
  return [...tags.flatMap(warn('--tags')), ...skipTags.flatMap(warn('--skip-tags'))]
}
