import { lastDurations } from '../evidence/last-durations.ts'
import type { Inventory } from '../inventory/index.ts'
import { disturbancesOf } from '../runner/disturbance.ts'
import type { Disturbance } from '../playbook/disturbs.ts'
import type { Experiment } from '../playbook/experiment.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import { duration } from '../ui/format/duration.ts'
import { table } from './table.ts'
import type { Playbook } from './playbook.ts'

export interface ExperimentListOptions {
  readonly playbook: Pick<Playbook, 'experiments'>
  /** Those of the selected subcommands. */
  readonly steps: readonly PlaybookStep[]
  readonly inventory: Inventory
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly args: readonly string[]
  /** The directory of all runs. */
  readonly runs: string
}

/** The text of `--list`: the experiments' names on the command line, last durations, and what they disturb. */
export function listExperiments({
  playbook,
  steps,
  inventory,
  hosts,
  extraVars,
  args: words,
  runs,
}: ExperimentListOptions): string {
  const selected = selectExperiments(playbook, steps, words)
  if (selected.length === 0) return 'This playbook has no experiments.\n'
  const durations = lastDurations(runs)
  const rows = selected.map(([name, experiment]) => {
    // Tags are ignored: the list shows what each experiment would do.
    const disturbances = disturbancesOf(
      { ...experiment, tags: [] },
      { inventory, hosts, extraVars, tags: { tags: [], skipTags: [] } },
    )
    const milliseconds = durations.get(experiment.name)
    return [
      name,
      milliseconds === undefined ? '-' : duration(milliseconds),
      disturbanceText(experiment, disturbances),
    ] as const
  })
  return `${table([['NAME', 'LAST TIME', 'DISTURBS'], ...rows])}\n`
}

/** All experiments of the playbook, or the selected ones. */
function selectExperiments(
  { experiments }: Pick<Playbook, 'experiments'>,
  steps: readonly PlaybookStep[],
  words: readonly string[],
): (readonly [string, Experiment])[] {
  if (experiments === undefined)
    return steps.flatMap((step) => (step.kind === 'experiment' ? [[step.name, step] as const] : []))
  return Object.entries(experiments).filter(([, experiment]) => words.length === 0 || steps.includes(experiment))
}

/** `node1, node2: receives a load test; node3: ...` */
function disturbanceText({ disturbs }: Experiment, disturbances: readonly Disturbance[]): string {
  if (disturbs === false) return 'nothing'
  const hosts = new Map<string, string[]>()
  for (const { host, what } of disturbances) hosts.set(what, [...(hosts.get(what) ?? []), host])
  return [...hosts].map(([what, names]) => `${names.join(', ')}: ${what}`).join('; ') || 'no host of this inventory'
}
