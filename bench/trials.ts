import { mkdirSync, rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import path from 'node:path'
import { captureTrips } from './measure/trips.ts'
import { difference, endState } from './measure/end-state.ts'
import { watchMemory } from './measure/memory.ts'
import { measure, type Outcome } from './measure/trial.ts'
import { writeInventory } from './runners/inventory.ts'
import { isAgain, PLAYBOOKS, type HostEntry, type Runner } from './runners/runner.ts'
import { startHosts, type Hosts } from './world/hosts.ts'
import { addressOf, nameOf, type World } from './world/world.ts'
import type { Case, Count, Trial } from './results.ts'
import { SLOW_SECONDS } from './options.ts'

/** The benchmark failed: a runner failed, or its end state differs from that of the others. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}

interface Bench {
  readonly world: World
  readonly say: (line: string) => void
  readonly repeat: number
  readonly slowRepeat: number
}

/** One runner on one case, with its directories. */
interface Entry {
  readonly runner: Runner
  readonly state: string
  readonly command: ReturnType<Runner['command']>
  repeats: number
}

/**
 * Measures all runners on one case: a warm-up, in which end states are compared, one run for counts, then timed trials
 * in rotating order.
 *
 * @throws {BenchError}
 */
export async function measureCase(
  bench: Bench,
  runners: readonly Runner[],
  which: Case,
): Promise<{ trials: Trial[]; counts: Count[] }> {
  const { world, say } = bench
  const folder = path.join(world.directory, 'case')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const hosts = Array.from({ length: which.hosts }, (_, index) => ({ name: nameOf(index), address: addressOf(index) }))
  const inventory = path.join(folder, 'inventory.yaml')
  writeInventory(inventory, world, hosts)
  const entries = runners.map((runner) => entry(bench, runner, which, { folder, hosts, inventory }))
  const counts: Count[] = []
  const ends: { readonly runner: string; readonly states: string[][] }[] = []
  for (const one of entries) {
    ends.push({ runner: one.runner.id, states: await warmUp(bench, one, which) })
    compare(ends, which)
    counts.push(await countRun(bench, one, which))
    const { runner, repeats } = one
    say(`  ${runner.id}: end state checked, ${repeats} repeats`)
  }
  const trials: Trial[] = []
  for (let repeat = 0; repeat < bench.repeat; repeat++) {
    const turn = [...entries.slice(repeat % entries.length), ...entries.slice(0, repeat % entries.length)]
    for (const one of turn.filter(({ repeats }) => repeat < repeats)) {
      const load = loadavg()[0] ?? 0
      const { measures } = await runOnce(bench, one, which)
      trials.push({ ...which, runner: one.runner.id, repeat, load, ...measures })
    }
  }
  rmSync(folder, { recursive: true, force: true })
  return { trials, counts }
}

function entry(
  { world, repeat }: Bench,
  runner: Runner,
  { workload }: Case,
  common: { folder: string; hosts: readonly HostEntry[]; inventory: string },
): Entry {
  const folder = path.join(common.folder, runner.id)
  mkdirSync(folder)
  const command = runner.command({ ...common, world, folder, playbook: PLAYBOOKS[workload] })
  return { runner, state: path.join(folder, 'state'), command, repeats: repeat }
}

/**
 * Runs it once, or twice if a run without changes is measured. The first run must report changes, the second none.
 *
 * @returns each host's end state.
 */
async function warmUp(bench: Bench, one: Entry, which: Case): Promise<string[][]> {
  const asks = which.workload === 'first' || isAgain(which.workload)
  const first = await withHosts(bench, one, which, true, async (hosts) => {
    const outcome = await run(bench.world, one, which, hosts)
    if (asks && changedBy(one, which, outcome) === 0) throw wrong(one, which, 'a first run reports no changes', outcome)
    slow(bench, one, outcome)
    return hosts.roots.map(endState)
  })
  if (!isAgain(which.workload)) return first
  return await withHosts(bench, one, which, false, async (hosts) => {
    const outcome = await run(bench.world, one, which, hosts)
    slow(bench, one, outcome)
    checkAgain(one, which, outcome)
    const second = hosts.roots.map(endState)
    first.forEach((state, index) => {
      const lines = difference(state, second[index] ?? [])
      if (lines.length > 0)
        throw new BenchError(`${one.runner.id}: a second run changed ${nameOf(index)}:\n${lines.join('\n')}`)
    })
    return second
  })
}

function slow(bench: Bench, one: Entry, { measures }: Outcome): void {
  one.repeats = measures.wall > SLOW_SECONDS ? bench.slowRepeat : bench.repeat
}

/** The untimed run, since counting round trips and memory takes time. */
async function countRun({ world, ...bench }: Bench, one: Entry, which: Case): Promise<Count> {
  return await withHosts({ world, ...bench }, one, which, which.workload === 'first', async (hosts) => {
    const trips = await captureTrips(world.directory)
    const memory = watchMemory(() => world.controller.pids())
    await run(world, one, which, hosts)
    return { ...which, runner: one.runner.id, memory: memory(), roundTrips: await trips() }
  })
}

async function runOnce(bench: Bench, one: Entry, which: Case): Promise<Outcome> {
  return await withHosts(bench, one, which, which.workload === 'first', async (hosts) => {
    const outcome = await run(bench.world, one, which, hosts)
    if (isAgain(which.workload)) checkAgain(one, which, outcome)
    return outcome
  })
}

async function withHosts<T>(
  { world }: Bench,
  { state }: Entry,
  { hosts: count }: Case,
  fresh: boolean,
  act: (hosts: Hosts) => Promise<T>,
): Promise<T> {
  if (fresh) rmSync(state, { recursive: true, force: true })
  const hosts = await startHosts(world, state, count)
  try {
    return await act(hosts)
  } finally {
    await hosts.stop()
  }
}

async function run(world: World, one: Entry, which: Case, hosts: Hosts): Promise<Outcome> {
  const outcome = await measure(world, hosts, one.command)
  if (outcome.exitCode !== 0) throw wrong(one, which, `exit code ${outcome.exitCode}`, outcome)
  return outcome
}

function changedBy(one: Entry, which: Case, outcome: Outcome): number {
  const changed = one.runner.changed(outcome.output, which.hosts)
  if (changed === undefined)
    throw wrong(one, which, 'its output lacks the number of changed tasks of every host', outcome)
  return changed
}

function checkAgain(one: Entry, which: Case, outcome: Outcome): void {
  const changed = changedBy(one, which, outcome)
  if (changed !== 0) throw wrong(one, which, `a second run reports ${changed} changes`, outcome)
}

const wrong = ({ runner }: Entry, { workload, hosts }: Case, what: string, { output }: Outcome): BenchError =>
  new BenchError(
    `${runner.id}, workload ${workload}, ${hosts} hosts: ${what}\n${output.trim().split('\n').slice(-25).join('\n')}`,
  )

/** Compares the newest state with that of the first runner. */
function compare(ends: readonly { readonly runner: string; readonly states: string[][] }[], { workload }: Case): void {
  const [first] = ends
  const last = ends.at(-1)
  if (first === undefined || last === undefined) return
  first.states.forEach((state, index) => {
    const lines = difference(state, last.states[index] ?? [])
    if (lines.length === 0) return
    throw new BenchError(
      `workload ${workload}: ${nameOf(index)} differs after ${last.runner} (+) and ${first.runner} (-):\n${lines.join('\n')}`,
    )
  })
}
