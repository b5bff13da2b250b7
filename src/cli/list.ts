import { messageText } from '../events/message.ts'
import { metaActionOf } from '../modules/core/meta.ts'
import type { Inventory } from '../inventory/index.ts'
import { UnknownHost } from '../playbook/playbook-errors.ts'
import { checkTask } from '../execution/check-task.ts'
import { assertionsOf } from '../playbook/experiment.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import type { Play, PlayContext, PlaybookStep } from '../playbook/play.ts'
import { handlersOf, tasksOf } from '../playbook/play-tasks.ts'
import { hostsOf } from '../runner/step-selection.ts'
import { tagList, tagsSelect, type TagSelection } from '../playbook/tags.ts'
import { promptDefaults } from './vars-prompt.ts'

/** The text of `--list-hosts`: the hosts of each play and experiment. */
export function listHosts(steps: readonly PlaybookStep[], inventory: Inventory, hosts: readonly string[]): string {
  return steps
    .map((step) => {
      const names = hostsOf(step, inventory, hosts)
      return [
        `${step.kind} "${step.name}": ${step.hosts}  (${names.length})`,
        ...names.map((name) => `  ${name}`),
      ].join('\n')
    })
    .join('\n\n')
}

/**
 * The text of `--list-tasks`. A play's tasks may differ by host; those of its first host are listed. No host is
 * contacted, so there are no facts.
 */
export function listTasks(
  steps: readonly PlaybookStep[],
  inventory: Inventory,
  hosts: readonly string[],
  extraVars: Readonly<Record<string, unknown>>,
  tags: TagSelection,
): string {
  return steps
    .map((step) => {
      const [first] = hostsOf(step, inventory, hosts)
      const head = `${step.kind} "${step.name}": ${step.hosts}`
      if (step.kind === 'experiment')
        return [
          head,
          ...Object.entries({ ...assertionsOf(step), ...step.questions }).map(
            ([id, says]) => `  ${id}: ${messageText(says)}`,
          ),
        ].join('\n')
      if (first === undefined) return `${head}\n  (no hosts)`
      const context = listingContext(step, inventory, first, extraVars)
      const tasks = tasksOf(step, context).filter(
        (task) =>
          metaActionOf(task) === undefined && tagsSelect([...tagList(step.tags), ...tagList(task.keywords.tags)], tags),
      )
      const handlers = Object.keys(handlersOf(step, context))
      return [
        head,
        ...tasks.map((task) => {
          const own = [...tagList(step.tags), ...tagList(task.keywords.tags)]
          return `  ${checkTask(task).title}${own.length === 0 ? '' : `  [${own.join(', ')}]`}`
        }),
        ...handlers.map((name) => `  handler: ${name}`),
      ].join('\n')
    })
    .join('\n\n')
}

/** The context for listing a play, without facts: no host is contacted. */
export function listingContext(
  play: Play,
  inventory: Inventory,
  host: string,
  extraVars: Readonly<Record<string, unknown>>,
): PlayContext {
  const variables = inventoryVariables(inventory, extraVars)
  const varsOf = (name: string, more = {}): Readonly<Record<string, unknown>> => {
    if (!inventory.hosts.has(name)) throw new UnknownHost(inventory.hosts.keys(), name)
    return variables(name, { ...more, ansible_facts: {} })
  }
  const groups = Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts]))
  const playVars = { ...play.vars, ...promptDefaults(play, extraVars) }
  const varsWith: PlayContext['varsWith'] = (more) => varsOf(host, { ...playVars, ...more })
  return { host, vars: varsWith({}), varsWith, facts: {}, groups, hostvars: (name) => varsOf(name), check: true }
}
