import { PatternError, selectHosts, type Inventory } from '../inventory/index.ts'
import type { Experiment } from './experiment.ts'
import { flatten, type Play, type PlayContext, type Step } from './play.ts'
import { tagList, tagsChosen, type TagChoice } from './tags.ts'

/** What a step does to a host that its owner has to agree to: a fault, a load test, the removal of data. */
export interface Disturbance {
  /** A host of the inventory, or what else is disturbed: `context k3d-mine`. */
  readonly host: string
  /** What happens to it, fit to stand after its name and a colon: `is reset without a shutdown`. */
  readonly what: string
}

/** What a step knows when it says whom it disturbs. No host was asked anything by then, so there are no facts. */
export interface DisturbanceContext {
  /** The hosts that the step is for. */
  readonly hosts: readonly string[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  hostvars(host: string): Readonly<Record<string, unknown>>
}

/**
 * Says whom a step disturbs, and how. It must not throw for an inventory that lacks a group: nobody is disturbed then.
 */
export type Disturbs = (on: DisturbanceContext) => readonly Disturbance[]

/** The same disturbance of several hosts. */
export const onHosts = (hosts: readonly string[], what: string): Disturbance[] => hosts.map((host) => ({ host, what }))

/** What decides which steps of a run do something. */
export interface PlannedRun {
  readonly steps: readonly Step[]
  readonly inventory: Inventory
  /** Hosts that may be touched (`--limit`). A step for one of them may disturb others. */
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly tags: TagChoice
  readonly check: boolean
}

export interface PermissionOptions {
  /** Whether a host may be disturbed. Default: no host may. */
  readonly mayDisturb?: ((host: string) => boolean) | undefined
  /**
   * What becomes of experiments that may not be done: the run is refused (the default), or goes on without them. Plays
   * are never left out: those after them count on them.
   */
  readonly withoutPermission?: WithoutPermission | undefined
}

export type WithoutPermission = 'refuse' | 'leave out'

/** A step, and the disturbances by it that are not allowed. */
export interface Disturbing {
  readonly step: Step
  readonly disturbances: readonly Disturbance[]
}

export interface Permission {
  /** Experiments that the run goes on without. */
  readonly leftOut: readonly Disturbing[]
  /** Steps for which the run is refused. */
  readonly refused: readonly Disturbing[]
}

/**
 * Decides what a run may do to hosts, before anything is done. This is the one place: `run()` goes by it, and the
 * command line asks it what to ask the user. Check mode disturbs nobody.
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
  const isLeftOut = ({ step }: Disturbing): boolean => step.kind === 'experiment' && withoutPermission === 'leave out'
  return { leftOut: forbidden.filter(isLeftOut), refused: forbidden.filter((each) => !isLeftOut(each)) }
}

/** Whom a step disturbs in a run, and how: nobody where it has no hosts in it, or its tags were not asked for. */
export function disturbancesOf(step: Step, run: Omit<PlannedRun, 'steps' | 'check'>): readonly Disturbance[] {
  const { disturbs } = step
  if (disturbs === undefined || disturbs === false) return []
  const hosts = hostsOf(step, run)
  if (hosts.length === 0) return []
  const context: DisturbanceContext = {
    hosts,
    groups: Object.fromEntries([...run.inventory.groups].map(([name, group]) => [name, group.hosts])),
    hostvars: (name) => ({ ...run.inventory.hosts.get(name)?.vars, ...run.extraVars, ansible_facts: {} }),
  }
  return isChosen(step, context, run.tags) ? disturbs(context) : []
}

/** A group that the inventory does not have has no hosts. */
function hostsOf({ hosts }: Step, run: Pick<PlannedRun, 'inventory' | 'hosts'>): string[] {
  try {
    const allowed = new Set(run.hosts)
    return selectHosts(run.inventory, hosts).filter((name) => allowed.has(name))
  } catch (error) {
    if (error instanceof PatternError) return []
    throw error
  }
}

const isChosen = (step: Play | Experiment, context: DisturbanceContext, tags: TagChoice): boolean =>
  tagsChosen(tagList(step.tags), tags) ||
  (step.kind === 'play' && context.hosts.some((host) => hasChosenTask(step, host, context, tags)))

/** A task may have a tag that its play does not have. One that cannot be looked at counts as chosen. */
function hasChosenTask(play: Play, host: string, { groups, hostvars }: DisturbanceContext, tags: TagChoice): boolean {
  const context: PlayContext = {
    host,
    vars: { ...hostvars(host), ...play.vars },
    facts: {},
    groups,
    hostvars,
    check: true,
  }
  try {
    return flatten(play.tasks(context)).some(({ keywords }) =>
      tagsChosen([...tagList(play.tags), ...tagList(keywords.tags)], tags),
    )
  } catch {
    return true
  }
}

/** A line for each host and what happens to it, each once, in the order of the steps. */
export const disturbanceLines = (disturbing: readonly Disturbing[]): string[] => [
  ...new Set(disturbing.flatMap(({ disturbances }) => disturbances).map(({ host, what }) => `${host}: ${what}`)),
]

/** The hosts that are disturbed, each once. */
export const disturbedHosts = (disturbing: readonly Disturbing[]): string[] => [
  ...new Set(disturbing.flatMap(({ disturbances }) => disturbances).map(({ host }) => host)),
]

/** The run would disturb hosts that it may not disturb. Nothing was done; exit code 2. */
export class Refused extends Error {
  override readonly name = 'Refused'

  constructor(refused: readonly Disturbing[]) {
    super(
      [
        "Refused, and nothing was done. These hosts are not machines of Labbook's lab:",
        ...disturbanceLines(refused).map((line) => `  ${line}`),
        'Add --allow-faults to allow this.',
      ].join('\n'),
    )
  }
}

/** What a run says of the experiments that it goes on without. */
export const leftOutText = (leftOut: readonly Disturbing[]): string =>
  `left out, as ${disturbedHosts(leftOut).join(', ')} ${disturbedHosts(leftOut).length === 1 ? 'is no machine' : 'are no machines'} of Labbook's lab: ` +
  `${leftOut.map(({ step: { name } }) => `"${name}"`).join(', ')}. Add --allow-faults to include ${leftOut.length === 1 ? 'it' : 'them'}; ` +
  'experiments by name: npx zx playbooks/experiments.mjs --list'
