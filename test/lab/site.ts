import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { TaskResult } from '../../src/run/events.ts'
import { latestRun, runPlaybook, type Blow, type PlaybookRun } from '../support/playbook.ts'
import { machineState } from './machine.ts'

/* What the stories on the real lab share: a lab of three nodes beside the user's own, the playbooks on it, and what they left. */

export const INVENTORY = ['-i', 'test/lab/inventory.yaml']
export const NODES = ['node1', 'node2', 'node3']
export const NODE_ADDRESSES = ['10.79.0.11', '10.79.0.12', '10.79.0.13'] as const
/** Where the lab keeps its keys and the disks of its nodes. */
export const LAB_FOLDER = '/var/lib/labbook/lbtest'
/** The arguments of a run that provisions, and does no experiment. */
export const PROVISION = [...INVENTORY, '--yes', '--skip-tags', 'experiments']

export const site = (...args: string[]): Promise<PlaybookRun> => runPlaybook('playbooks/site.mjs', [...PROVISION, ...args])
export const experiments = (names: readonly string[], kill?: Blow): Promise<PlaybookRun> =>
  runPlaybook('playbooks/experiments.mjs', [...names, ...INVENTORY, '--yes'], kill === undefined ? {} : { kill })
export const lab = (word: string): Promise<PlaybookRun> => runPlaybook('playbooks/lab.mjs', [word, ...INVENTORY, '--yes'])

/** Results of the newest run. */
export const results = (): TaskResult[] => latestRun().events.filter((event) => event.type === 'result')
/** How many tasks of the newest run changed something, by host. */
export const changed = (): Record<string, number> =>
  Object.fromEntries(Object.entries(latestRun().summary().hosts).map(([host, recap]) => [host, recap.changed]))
export const NO_CHANGE = { localhost: 0, node1: 0, node2: 0, node3: 0 }

/** A step of the story; when it fails, what the run printed is part of the report. */
export async function succeeds(t: Test, step: Promise<PlaybookRun>): Promise<void> {
  const { exitCode, stdout, stderr } = await step
  if (!t.equal(exitCode, 0)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

/**
 * Removes what a killed test has left, and removes the lab when this file ends, however it ends.
 * @returns a test that takes the lab down and compares this machine with what it was.
 */
export async function startStory(): Promise<() => void> {
  await lab('down')
  const before = machineState('lbsite')
  t.teardown(async () => { await lab('down') })
  return () => void t.test('down leaves the machine as it was', async (t) => {
    await succeeds(t, lab('down'))
    t.same(machineState('lbsite'), before)
    t.notOk(existsSync(LAB_FOLDER))
  })
}

/** The site is provisioned, for what this file does to it. */
export const provision = (): void => void t.test('the site is provisioned', async (t) => { await succeeds(t, site()) })
