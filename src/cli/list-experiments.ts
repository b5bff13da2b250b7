import { lastDurations } from '../evidence/durations.ts'
import type { Inventory } from '../inventory/index.ts'
import { disturbancesOf, type Disturbance } from '../run/disturbance.ts'
import type { Experiment } from '../run/experiment.ts'
import type { Step } from '../run/play.ts'
import { duration } from '../ui/format/duration.ts'
import { table } from './table.ts'
import type { Playbook } from './playbook.ts'

export interface ExperimentList {
  readonly playbook: Pick<Playbook, 'experiments'>
  /** Of the words that were given. */
  readonly steps: readonly Step[]
  readonly inventory: Inventory
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly words: readonly string[]
  /** The directory of all runs. */
  readonly runs: string
}

/**
 * The text of `--list`: the experiments by the names that the command line takes, how long each took last time, and
 * what it disturbs. Runs nothing.
 */
export function listExperiments({ playbook, steps, inventory, hosts, extraVars, words, runs }: ExperimentList): string {
  const found = named(playbook, steps, words)
  if (found.length === 0) return 'This playbook has no experiments.\n'
  const took = lastDurations(runs)
  const rows = found.map(([name, experiment]) => {
    // Without regard to tags: whoever lists an experiment wants to know what it would do.
    const disturbances = disturbancesOf(
      { ...experiment, tags: [] },
      { inventory, hosts, extraVars, tags: { tags: [], skipTags: [] } },
    )
    const milliseconds = took.get(experiment.name)
    return [name, milliseconds === undefined ? '-' : duration(milliseconds), byWhat(experiment, disturbances)] as const
  })
  return `${table([['NAME', 'LAST TIME', 'DISTURBS'], ...rows])}\n`
}

/** All that the playbook has, or those that the words choose. */
function named(
  { experiments }: Pick<Playbook, 'experiments'>,
  steps: readonly Step[],
  words: readonly string[],
): (readonly [string, Experiment])[] {
  if (experiments === undefined)
    return steps.flatMap((step) => (step.kind === 'experiment' ? [[step.name, step] as const] : []))
  return Object.entries(experiments).filter(([, experiment]) => words.length === 0 || steps.includes(experiment))
}

/** `node1, node2: receives a load test; node3: ...` */
function byWhat({ disturbs }: Experiment, disturbances: readonly Disturbance[]): string {
  if (disturbs === false) return 'nothing'
  const hosts = new Map<string, string[]>()
  for (const { host, what } of disturbances) hosts.set(what, [...(hosts.get(what) ?? []), host])
  return [...hosts].map(([what, names]) => `${names.join(', ')}: ${what}`).join('; ') || 'no host of this inventory'
}
