import { joinTexts, say, type LabContext, tableOf, lines } from '../messages/say.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Exhibit, type Message, type MessageList } from 'labbook'
import { type GeneratorScheduling, type Budget, replicaBudget, type RequestCosts } from 'labbook/load'
import { COUNTER_CPUS } from '../app/stack.ts'
import type { CpuUsage } from './bottleneck.ts'
import { cpuHosts } from './generators.ts'
import { COUNTER, configuredReplicas, stackContainers } from './replicas.ts'
import type { LoadSettings } from './settings.ts'
import { runTrial, type TrialRun } from './trial.ts'
import { type CpuReadings, cpuUsages, measureCpu } from './usage.ts'

/** Under which conditions a load test runs. */
export interface LoadConditions {
  /** CPU limit of a replica, in cores. */
  readonly cpus: number
  /** For findings: `with 0.15 cores per replica`; undefined: the usual limit. */
  readonly condition: Message | undefined
  readonly evidence: readonly Exhibit[]
}

const REST_SECONDS = 1
/** Containers that were replaced by a change just before are busy for some seconds. */
const MOST_REST_SECONDS = 8
/** Part of the machine. */
const QUIET = 0.25
/** A light load, so that no request waits for another. */
const CALIBRATION = { way: 'closed', connections: 4, warmup: 1.5, seconds: 1.5 } as const

/**
 * Measures what a request costs, and derives the CPU limit of a replica with which neither the machine nor the load
 * generator limits the throughput. Nothing is limited where the generator runs on other machines.
 *
 * @param replicas - the most replicas that the test runs.
 * @param scheduling - of the load generator.
 * @returns undefined if the test cannot be decided here: then all findings say why.
 */
export async function loadConditions(
  on: LabContext,
  settings: LoadSettings,
  replicas: number,
  scheduling: GeneratorScheduling,
): Promise<LoadConditions | undefined> {
  const unchanged = { cpus: COUNTER_CPUS, condition: undefined, evidence: [] }
  if (!settings.budget) return unchanged
  const machine = await machineAtRest(on)
  if (machine === undefined) return unchanged
  const trial = await runTrial(on, {
    name: say('calibration'),
    replicas: configuredReplicas(on).replicas,
    containers: await stackContainers(on),
    settings,
    scheduling,
    plan: { ...CALIBRATION, reconnectEvery: settings.reconnectEvery },
  })
  const costs = costsOf(trial, machine.busyAtRest)
  if (costs === undefined) {
    on.inconclusive(say('the calibration measured no requests: {issues}', { issues: joinTexts(trial.issues, '; ') }))
    return undefined
  }
  const shared = {
    cores: machine.cores - (scheduling.cpu === undefined ? 0 : 1),
    busyAtRest: machine.busyAtRest,
    generatorApart: scheduling.cpu !== undefined,
  }
  const budget = replicaBudget(shared, costs, replicas, COUNTER_CPUS)
  const exhibit = on.record({
    title: say('CPU budget of {replicas} replicas', { replicas }),
    command: say('CPU of {seconds} s without load, and of {requests} requests over {connections} connections', {
      seconds: REST_SECONDS,
      requests: trial.result.total.requests,
      connections: CALIBRATION.connections,
    }),
    stdout: budgetText(budget, costs),
    durationMs: (REST_SECONDS + CALIBRATION.warmup + CALIBRATION.seconds) * 1000,
  })
  if ('undecidable' in budget) {
    on.inconclusive(
      say('cannot be decided on this machine: {why}; {remedy}', { why: budget.undecidable, remedy: budget.remedy }),
      [exhibit],
    )
    return undefined
  }
  const condition =
    budget.limit === COUNTER_CPUS
      ? undefined
      : say('with {cores} cores per replica', { cores: budget.limit.toFixed(2) })
  return {
    cpus: budget.limit,
    condition,
    evidence: [exhibit],
  }
}

/** The machine that all nodes and the generator share, in the first second in which it is quiet; else in the last. */
async function machineAtRest(on: LabContext): Promise<{ cores: number; busyAtRest: number } | undefined> {
  for (let second = 1; ; second++) {
    on.waiting('a quiet second, without load', REST_SECONDS * MOST_REST_SECONDS)
    const { readings } = await measureCpu(on, cpuHosts(on), 0, () =>
      sleep(REST_SECONDS * 1000, undefined, { signal: on.signal }),
    )
    const machine = sharedMachine(readings)
    if (machine === undefined || machine.busyAtRest < machine.cores * QUIET || second === MOST_REST_SECONDS)
      return machine
  }
}

const budgetText = (budget: Budget, costs: RequestCosts): MessageList =>
  lines(
    tableOf(
      [
        [say('CPU OF A REQUEST'), say('MS')],
        [say('replica'), (costs.replica * 1000).toFixed(2)],
        [say('rest of the machine'), (costs.others * 1000).toFixed(2)],
        [say('load generator'), (costs.generator * 1000).toFixed(2)],
      ],
      ['left', 'right'],
    ),
    '',
    ...('limit' in budget
      ? [say('CPU limit of a replica during the test: {limit} cores', { limit: budget.limit.toFixed(2) }), budget.why]
      : [say('no limit fits: {why}', { why: budget.undecidable }), budget.remedy]),
  )

/** The machine that all nodes and the generator share; undefined if they are several. */
export function sharedMachine(readings: CpuReadings): { cores: number; busyAtRest: number } | undefined {
  const machines = cpuUsages(readings, []).filter(({ kind }) => kind === 'machine')
  const [only] = machines
  return only === undefined || machines.length > 1 ? undefined : { cores: only.limit ?? 1, busyAtRest: only.cores }
}

/** @returns undefined if the trial had no responses, or the CPU of the replicas could not be read. */
export function costsOf(
  { result, uses }: Pick<TrialRun, 'result' | 'uses'>,
  busyAtRest: number,
): RequestCosts | undefined {
  const requests = result.total.requests / result.seconds
  const sum = (wanted: (use: CpuUsage) => boolean): number =>
    uses.filter(wanted).reduce((all, { cores }) => all + cores, 0)
  const replica = sum(({ kind, service }) => kind === 'container' && service === COUNTER)
  const machine = sum(({ kind }) => kind === 'machine')
  if (!(requests > 0 && replica > 0 && machine > 0)) return undefined
  const generator = result.generator.cores
  return {
    replica: replica / requests,
    generator: generator / requests,
    others: Math.max(0, machine - busyAtRest - replica - generator) / requests,
  }
}
