import path from 'node:path'
import type { Inventory } from '../../inventory/index.ts'
import { checkTask } from '../../execution/check-task.ts'
import { metaActionOf } from '../../modules/core/meta.ts'
import { tasksOf } from '../../playbook/play-tasks.ts'
import type { PlaybookStep } from '../../playbook/play.ts'
import { tagList } from '../../playbook/tags.ts'
import { hostsOf } from '../../runner/step-selection.ts'
import { taskTags } from '../list-tags.ts'
import { listingContext } from '../list.ts'
import type { Playbook } from '../playbook.ts'
import { runNames } from '../run-argument.ts'
import type { CompletionSources } from './candidates.ts'

/** The values that the options of a playbook may have. */
export function completionSources(
  playbook: Pick<Playbook, 'subcommands' | 'vars'>,
  steps: readonly PlaybookStep[],
  inventory: () => Inventory,
  root: string,
): CompletionSources {
  return {
    subcommands: playbook.subcommands ?? {},
    hostsAndGroups: () => [...new Set([...inventory().hosts.keys(), ...inventory().groups.keys()])],
    tags: () => {
      const all = steps.flatMap((step) => [...tagList(step.tags), ...taskTags(step, inventory(), undefined, {})])
      return [...new Set(all)].sort()
    },
    tasks: () => [...new Set(steps.flatMap((step) => taskNames(step, inventory())))],
    runs: () => runNames(path.join(root, 'runs')),
    variables: () => (playbook.vars ?? []).flatMap(({ definitions }) => Object.keys(definitions)).sort(),
    providers: ['auto', 'namespaces', 'qemu'],
  }
}

/** The names of the tasks of all hosts; none if they cannot be listed without facts. */
function taskNames(step: PlaybookStep, inventory: Inventory): string[] {
  if (step.kind === 'experiment') return [step.name]
  return hostsOf(step, inventory).flatMap((host) => {
    try {
      const tasks = tasksOf(step, listingContext(step, inventory, host, {}))
      return tasks.filter((task) => metaActionOf(task) === undefined).map((task) => checkTask(task).title)
    } catch {
      return []
    }
  })
}
