import { PatternError, selectHosts, type Inventory } from '../inventory/index.ts'
import type { Disturbance, DisturbanceContext } from '../playbook/disturbs.ts'
import type { Experiment } from '../playbook/experiment.ts'
import { flattenTasks, type Play, type PlayContext, type PlaybookStep } from '../playbook/play.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import { tagList, tagsSelect, type TagSelection } from '../playbook/tags.ts'

/** The options of a run that decide which steps have an effect. */
export interface PlannedRun {
  readonly steps: readonly PlaybookStep[]
  readonly inventory: Inventory
  /** Hosts selected by `--limit`. A step on one of them may disturb others. */
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly tags: TagSelection
  readonly check: boolean
}

export interface PermissionOptions {
  /** Whether a host may be disturbed. Default: none. */
  readonly mayDisturb?: ((host: string) => boolean) | undefined
  /**
   * How to treat experiments without permission: refuse the run (default) or skip them. Plays are never skipped, as
   * later ones depend on them.
   */
  readonly withoutPermission?: WithoutPermission | undefined
}

export type WithoutPermission = 'refuse' | 'leave out'

/** A step, and its disturbances without permission. */
export interface StepDisturbances {
  readonly step: PlaybookStep
  readonly disturbances: readonly Disturbance[]
}

export interface Permission {
  /** Experiments to skip. */
  readonly leftOut: readonly StepDisturbances[]
  /** Steps for which the run is refused. */
  readonly refused: readonly StepDisturbances[]
}

/**
 * Decides what a run may do to hosts, before it does anything. Both `run()` and the command line's confirmation prompt
 * use it. Check mode disturbs no host.
 */
export function permissionFor(
  run: PlannedRun,
  { mayDisturb = () => false, withoutPermission = 'refuse' }: PermissionOptions,
): Permission {
  const forbidden = run.check
    ? []
    : run.steps
        .map((step) => ({ step, disturbances: disturbancesOf(step, run).filter(({ host }) => !mayDisturb(host)) }))
        .filter(({ disturbances }) => disturbances.length > 0)
  const isLeftOut = ({ step }: StepDisturbances): boolean =>
    step.kind === 'experiment' && withoutPermission === 'leave out'
  return { leftOut: forbidden.filter(isLeftOut), refused: forbidden.filter((each) => !isLeftOut(each)) }
}

/** The disturbances by a step in this run: none if it has no hosts or its tags are not selected. */
export function disturbancesOf(step: PlaybookStep, run: Omit<PlannedRun, 'steps' | 'check'>): readonly Disturbance[] {
  const { disturbs } = step
  if (disturbs === undefined || disturbs === false) return []
  const hosts = hostsOf(step, run)
  if (hosts.length === 0) return []
  const variables = inventoryVariables(run.inventory, run.extraVars)
  const context: DisturbanceContext = {
    hosts,
    groups: Object.fromEntries([...run.inventory.groups].map(([name, group]) => [name, group.hosts])),
    hostvars: (name) => variables(name, { ansible_facts: {} }),
  }
  return isChosen(step, context, run.tags, variables) ? disturbs(context) : []
}

/** A group that is not in the inventory has no hosts. */
function hostsOf({ hosts }: PlaybookStep, run: Pick<PlannedRun, 'inventory' | 'hosts'>): string[] {
  try {
    const allowed = new Set(run.hosts)
    return selectHosts(run.inventory, hosts).filter((name) => allowed.has(name))
  } catch (error) {
    if (error instanceof PatternError) return []
    throw error
  }
}

const isChosen = (
  step: Play | Experiment,
  context: DisturbanceContext,
  tags: TagSelection,
  variables: ReturnType<typeof inventoryVariables>,
): boolean =>
  tagsSelect(tagList(step.tags), tags) ||
  (step.kind === 'play' &&
    context.hosts.some((host) =>
      hasChosenTask(step, (more) => variables(host, { ...step.vars, ...more, ansible_facts: {} }), host, context, tags),
    ))

/** Tasks may have tags that their play lacks. If the task list cannot be built, the step counts as selected. */
function hasChosenTask(
  play: Play,
  varsWith: PlayContext['varsWith'],
  host: string,
  { groups, hostvars }: DisturbanceContext,
  tags: TagSelection,
): boolean {
  const context: PlayContext = {
    host,
    vars: varsWith({}),
    varsWith,
    facts: {},
    groups,
    hostvars,
    check: true,
  }
  try {
    return flattenTasks(play.tasks(context)).some(({ keywords }) =>
      tagsSelect([...tagList(play.tags), ...tagList(keywords.tags)], tags),
    )
  } catch {
    return true
  }
}

/** One line for each host and effect, without duplicates, in the order of the steps. */
export const disturbanceLines = (disturbing: readonly StepDisturbances[]): string[] => [
  ...new Set(disturbing.flatMap(({ disturbances }) => disturbances).map(({ host, what }) => `${host}: ${what}`)),
]

/** The disturbed hosts, without duplicates. */
export const disturbedHosts = (disturbing: readonly StepDisturbances[]): string[] => [
  ...new Set(disturbing.flatMap(({ disturbances }) => disturbances).map(({ host }) => host)),
]

/** The run would disturb hosts without permission. Nothing was changed; exit code 2. */
export class RunRefused extends Error {
  override readonly name = 'Refused'

  constructor(refused: readonly StepDisturbances[]) {
    super(
      [
        "Run refused; nothing was changed. These hosts do not belong to Labbook's lab:",
        ...disturbanceLines(refused).map((line) => `  ${line}`),
        'Add --allow-faults to allow this.',
      ].join('\n'),
    )
  }
}

/** The message about skipped experiments. */
export const skippedText = (leftOut: readonly StepDisturbances[]): string =>
  `skipped, because ${disturbedHosts(leftOut).join(', ')} ${disturbedHosts(leftOut).length === 1 ? 'does' : 'do'} not belong to Labbook's lab: ` +
  `${leftOut.map(({ step: { name } }) => `"${name}"`).join(', ')}. Add --allow-faults to include ${leftOut.length === 1 ? 'it' : 'them'}; ` +
  '--list shows the experiments'
