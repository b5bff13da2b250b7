import { existsSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { TaskResult } from '../../src/events/events.ts'
import { latestRun, runPlaybook, type KillPoint, type PlaybookRun } from '../support/playbook.ts'
import { releaseArguments } from '../support/release.ts'
import { story, type Step } from '../support/story.ts'
import { machineState } from './machine.ts'

/*
 * Shared by the scenarios on the real lab: a lab of three nodes beside the user's own, its playbook runs and records.
 */

export const INVENTORY = ['-i', 'test/lab/inventory.yaml', ...releaseArguments]
export const NODES = ['node1', 'node2', 'node3']
export const NODE_ADDRESSES = ['10.79.0.11', '10.79.0.12', '10.79.0.13'] as const
/** Directory of the lab: keys and node disks. */
export const LAB_FOLDER = '/var/lib/labbook/lbtest'
/** Arguments of a run without experiments. */
export const PROVISION = [...INVENTORY, '--yes', '--skip-tags', 'experiments']

export const site = (...args: string[]): Promise<PlaybookRun> =>
  runPlaybook('playbooks/site.mjs', [...PROVISION, ...args])
export const experiments = (names: readonly string[], kill?: KillPoint): Promise<PlaybookRun> =>
  runPlaybook('playbooks/experiments.mjs', [...names, ...INVENTORY, '--yes'], kill === undefined ? {} : { kill })
export const lab = (word: string): Promise<PlaybookRun> =>
  runPlaybook('playbooks/lab.mjs', [word, ...INVENTORY, '--yes'])

/** Results of the newest run. */
export const results = (): TaskResult[] => latestRun().events.filter((event) => event.type === 'result')
/** Number of changed tasks of the newest run, by host. */
export const changed = (): Record<string, number> =>
  Object.fromEntries(Object.entries(latestRun().summary().hosts).map(([host, recap]) => [host, recap.changed]))
export const NO_CHANGE = { localhost: 0, node1: 0, node2: 0, node3: 0 }

/** Asserts that a run succeeds. If it fails, the assertion names the first failure, and the output is in the report. */
export async function succeeds(t: Test, step: Promise<PlaybookRun>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0, exitCode === 0 ? 'the run ends with 0' : firstFailure()))
    t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

/** The first finding that does not hold, or the first task that failed, of the newest run. */
function firstFailure(): string {
  for (const event of latestRun().events) {
    if (event.type === 'finding' && event.holds !== true)
      return `${event.id}: ${event.holds === null ? 'inconclusive' : 'does not hold'}: ${event.detail ?? ''}`
    if (event.type === 'result' && (event.status === 'failed' || event.status === 'unreachable'))
      return `${event.host}: ${event.play}: ${event.task}: ${event.message ?? event.status}`
  }
  return 'exit code 0'
}

/**
 * Runs experiments and asserts that all findings hold, each has a timeline, and a site run afterwards changes nothing.
 *
 * @param counts - number of findings of each experiment.
 * @param withoutTimeline - experiments without a timeline.
 */
export async function prove(
  t: Test,
  counts: Readonly<Record<string, number>>,
  withoutTimeline: readonly string[] = [],
): Promise<void> {
  await succeeds(t, experiments(Object.keys(counts)))
  const { directory: folder, events, ...run } = latestRun()
  const { findings } = run.summary()
  t.same(
    findings.filter(({ holds }) => holds !== true),
    [],
    'every finding of the experiments holds',
  )
  t.equal(
    findings.length,
    1 + Object.values(counts).reduce((sum, n) => sum + n, 0),
    'the experiments report the expected number of findings',
  )
  const timelines = events.flatMap((event) => (event.type === 'exhibit' && event.chart ? [event] : []))
  t.equal(timelines.length, Object.keys(counts).length - withoutTimeline.length, 'each experiment has a timeline')
  for (const { id, chart, data } of timelines) {
    t.ok(
      chart?.kind === 'timeline' && chart.bars.length >= 5 && (chart.requests ?? []).length > 5,
      `timeline ${id} has tasks and requests`,
    )
    t.match(
      data?.find(({ name }) => name === 'requests.csv')?.text,
      /^at_s,ms,door,method,status,replica,node,error\n\d+\./,
      `timeline ${id} has its requests as CSV`,
    )
    t.ok(existsSync(path.join(folder, 'img', `${id}.svg`)), `timeline ${id} is drawn`)
  }
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE, 'the site run after the experiments changes nothing')
}

export interface LabStory {
  readonly step: Step
  /** The last step: removes the lab and compares this machine with its initial state. It needs no other step. */
  readonly down: () => void
}

/** Removes leftovers of a killed test, and removes the lab when this file ends. */
export async function startStory(): Promise<LabStory> {
  await lab('down')
  const before = machineState('lbsite')
  t.teardown(async () => {
    await lab('down')
  })
  const step = story(t)
  const down = (): void =>
    void step('lab.mjs down restores the machine', async (t) => {
      await succeeds(t, lab('down'))
      t.same(machineState('lbsite'), before, 'the machine is in its initial state')
      t.notOk(existsSync(LAB_FOLDER), `${LAB_FOLDER} does not exist`)
    })
  return { step, down }
}

/** The step that provisions the site for the other steps of a file, which need it. */
export const PROVISIONED = 'site.mjs provisions the site'
export const provision = (step: Step): void =>
  void step(PROVISIONED, async (t) => {
    await succeeds(t, site())
  })
