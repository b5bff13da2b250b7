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

/** A benchmark cannot go on: a runner failed, or did not do what the others did. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}

interface Bench {
  readonly world: World
  readonly say: (line: string) => void
  readonly repeat: number
  readonly slowRepeat: number
}

/** One runner on one case: its hosts' files and its own. */
interface Entry {
  readonly runner: Runner
  readonly state: string
  readonly command: ReturnType<Runner['command']>
  repeats: number
}

/**
 * Measures all runners on one case. Each has its warm-up, in which the end states are compared, and one run for
 * counting; then the timed trials, runner after runner in each repeat, beginning with another one each time.
 *
 * @throws {BenchError}
 */
export async function measureCase(
  bench: Bench,
  runners: readonly Runner[],
  which: Case,
): Promise<{ trials: Trial[]; counts: Count[] }> {
  const { world, say } = bench
  const folder = path.join(world.folder, 'case')
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
 * Runs it until the hosts are as they are to be measured: once, and once more where a run with nothing left to do is
 * measured. The run must say that it changed something the first time and nothing the second.
 *
 * @returns each host's end state.
 */
async function warmUp(bench: Bench, one: Entry, which: Case): Promise<string[][]> {
  const asks = which.workload === 'first' || isAgain(which.workload)
  const first = await withHosts(bench, one, which, true, async (hosts) => {
    const outcome = await run(bench.world, one, which, hosts)
    if (asks && changedBy(one, which, outcome) === 0)
      throw wrong(one, which, 'a first run says that it changed nothing', outcome)
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

/** The run that is not timed: round trips and memory, whose counting takes time itself. */
async function countRun({ world, ...bench }: Bench, one: Entry, which: Case): Promise<Count> {
  return await withHosts({ world, ...bench }, one, which, which.workload === 'first', async (hosts) => {
    const trips = await captureTrips(world.folder)
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
    throw wrong(one, which, 'its output does not say how many tasks changed something on every host', outcome)
  return changed
}

function checkAgain(one: Entry, which: Case, outcome: Outcome): void {
  const changed = changedBy(one, which, outcome)
  if (changed !== 0) throw wrong(one, which, `a second run says that it changed ${changed}`, outcome)
}

const wrong = ({ runner }: Entry, { workload, hosts }: Case, what: string, { output }: Outcome): BenchError =>
  new BenchError(
    `${runner.id}, workload ${workload}, ${hosts} hosts: ${what}\n${output.trim().split('\n').slice(-25).join('\n')}`,
  )

/** The newest state against that of the first runner, host by host. */
function compare(ends: readonly { readonly runner: string; readonly states: string[][] }[], { workload }: Case): void {
  const [first] = ends
  const last = ends.at(-1)
  if (first === undefined || last === undefined) return
  first.states.forEach((state, index) => {
    const lines = difference(state, last.states[index] ?? [])
    if (lines.length === 0) return
    throw new BenchError(
      `workload ${workload}: ${nameOf(index)} after ${last.runner} (+) is not as after ${first.runner} (-):\n${lines.join('\n')}`,
    )
  })
}
