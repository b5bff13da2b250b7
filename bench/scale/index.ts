import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { ScaleRow } from '../results.ts'
import { writeInventory } from '../runners/inventory.ts'
import { measure } from '../measure/trial.ts'
import { environment } from '../runners/runner.ts'
import { spread } from '../statistics.ts'
import { output } from '../world/command.ts'
import { startHosts, type Hosts } from '../world/hosts.ts'
import { PROJECT, RUNS } from '../world/places.ts'
import { addressOf, nameOf, type World } from '../world/world.ts'
import type { OneRun } from './one-run.ts'
import { megabytes } from './row.ts'

/** Number of inventory hosts on one sshd, like behind a jump host: all connections count against its MaxStartups. */
const NAMES = 200
/** Number of hosts of the recorded run. */
export const SCALE_HOSTS = 10
/** Recording takes a few milliseconds, so more pairs than usual are needed to detect it. */
const PAIRS = 9

/** Each script runs in its own process, so that memory is measured separately. */
const script = async (name: string, ...args: string[]): Promise<string> =>
  await output(process.execPath, [...process.execArgv, path.join(import.meta.dirname, name), ...args], {
    cwd: PROJECT,
    env: { ...process.env, LABBOOK_BENCH_FOLDER: RUNS },
  })

/** Scale benchmarks: a row each. */
export async function runScale(world: World, say: (line: string) => void): Promise<ScaleRow[]> {
  const rows: ScaleRow[] = []
  for (const name of ['inventory', 'journal', 'report']) {
    say(`scale: ${name}`)
    rows.push(JSON.parse(await script(`${name}.ts`)) as ScaleRow)
  }
  say('scale: recording evidence')
  rows.push(await withHosts(world, SCALE_HOSTS, evidence))
  say('scale: output')
  rows.push(await withHosts(world, 1, loudHost))
  say('scale: many names, one sshd')
  rows.push(await withHosts(world, 1, (_, hosts) => oneSshd(world, hosts)))
  return rows
}

async function withHosts<T>(
  world: World,
  count: number,
  act: (inventory: string, hosts: Hosts) => Promise<T>,
): Promise<T> {
  const folder = path.join(world.directory, 'scale')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  // On a disk, like real runs: an event log in memory would be too fast.
  const inventory = path.join(RUNS, 'inventory.yaml')
  writeInventory(
    inventory,
    world,
    Array.from({ length: count }, (_, index) => ({ name: nameOf(index), address: addressOf(index) })),
  )
  const hosts = await startHosts(world, folder, count)
  try {
    return await act(inventory, hosts)
  } finally {
    await hosts.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const oneRun = async (inventory: string, ...args: string[]): Promise<OneRun> =>
  JSON.parse(await script('one-run.ts', inventory, ...args)) as OneRun

/** The share of recording in the wall time of a second run, compared with a run without. */
async function evidence(inventory: string): Promise<ScaleRow> {
  await oneRun(inventory, 'recorded')
  const shares: number[] = []
  const differences: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const order = pair % 2 === 0 ? ['recorded', 'unrecorded'] : ['unrecorded', 'recorded']
    const runs = new Map<string, OneRun>()
    for (const mode of order) runs.set(mode, await oneRun(inventory, mode))
    const on = runs.get('recorded')
    const off = runs.get('unrecorded')
    if (on === undefined || off === undefined) continue
    shares.push((on.recording / on.wall) * 100)
    differences.push(((on.wall - off.wall) / off.wall) * 100)
  }
  const share = spread(shares)
  const whole = spread(differences)
  const show = (value: number | undefined): string => (value ?? 0).toFixed(1)
  return {
    id: 'evidence',
    what: `recording evidence, second run of ${SCALE_HOSTS} hosts x 25 tasks, share of wall time`,
    value: share?.median ?? 0,
    unit: '%',
    detail:
      `in the process ${show(share?.min)} to ${show(share?.max)} %; whole runs with against without: ${show(whole?.median)} %` +
      ` (${show(whole?.min)} to ${show(whole?.max)}), ${PAIRS} pairs`,
  }
}

async function loudHost(inventory: string): Promise<ScaleRow> {
  const runs: OneRun[] = []
  for (const size of ['1', '20', '100']) runs.push(await oneRun(inventory, 'recorded', size))
  const [, some, great] = runs.map(({ memory }) => memory)
  return {
    id: 'output',
    what: 'a host with 100 MB of output: more memory than with 20 MB',
    value: ((great ?? 0) - (some ?? 0)) / 1e6,
    unit: 'MB',
    detail: `with 1, 20 and 100 MB: ${runs.map(({ memory, wall }) => `${megabytes(memory)} in ${wall.toFixed(1)} s`).join(', ')}`,
  }
}

/**
 * All connections go to one sshd, with Labbook's own concurrency; in other benchmarks each host has its sshd.
 */
async function oneSshd(world: World, hosts: Hosts): Promise<ScaleRow> {
  const entries = Array.from({ length: NAMES }, (_, index) => ({ name: nameOf(index), address: addressOf(0) }))
  const inventory = path.join(RUNS, 'inventory.yaml')
  writeInventory(inventory, world, entries)
  const argv = ['node', 'bench/playbooks/trivial.mjs', '--yes', '--forks', String(NAMES), '-i', inventory]
  const {
    exitCode,
    measures,
    output: said,
  } = await measure(world, hosts, { argv, cwd: PROJECT, env: environment(RUNS) })
  const reached = [...said.matchAll(/^h\d+ +: ok=1 .*unreachable=0 +failed=0 /gm)].length
  return {
    id: 'startups',
    what: `${NAMES} hosts behind one sshd, --forks ${NAMES}: not reached`,
    value: NAMES - reached,
    unit: 'hosts',
    detail: `exit code ${exitCode}; ${measures.refused} lines of sshd about MaxStartups; ${measures.connections} connections; ${measures.wall.toFixed(1)} s`,
  }
}
