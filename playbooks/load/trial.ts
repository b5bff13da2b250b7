import { messageText, PlaybookError, toText, type Message } from 'labbook'
import { type LabContext } from '../messages/say.ts'
import {
  type GeneratorScheduling,
  generatorLimit,
  type LoadProgress,
  type LoadResult,
  type PlanInput,
  type Target,
  validityIssues,
} from 'labbook/load'
import { endpoints } from '../app/proof.ts'
import { bottleneckOf, type Bottleneck, type CpuUsage } from './bottleneck.ts'
import type { LoadSettings } from './settings.ts'
import { cpuHosts, runShardedLoad } from './generators.ts'
import { cpuUsages, measureCpu, type StackContainer } from './usage.ts'

/** A load trial, with CPU usage and bottleneck. */
export interface TrialRun {
  readonly name: Message
  readonly replicas: number
  readonly result: LoadResult
  /** Why the result may be invalid. */
  readonly issues: readonly Message[]
  readonly uses: readonly CpuUsage[]
  readonly bottleneck: Bottleneck
}

/** Endpoints of the app, the only targets of load tests. */
export const appTargets = (on: Pick<LabContext, 'groups' | 'hostvars'>): Target[] => inventoryTargets(on, endpoints(on))

/** @throws {PlaybookError} if a target is not a host of the inventory. */
export function inventoryTargets(
  { groups, hostvars }: Pick<LabContext, 'groups' | 'hostvars'>,
  targets: readonly Target[],
): Target[] {
  const known = new Set((groups.all ?? []).map((name) => toText(hostvars(name).ansible_host ?? name)))
  const unknown = targets.filter(({ host }) => !known.has(host))
  if (unknown.length > 0)
    throw new PlaybookError(`load test targets are not in the inventory: ${unknown.map(({ host }) => host).join(', ')}`)
  if (targets.length === 0)
    throw new PlaybookError('group swarm of the inventory has no host: add the targets of the load test')
  return targetsOf(targets)
}

/** Reduces endpoints to load targets. */
export const targetsOf = (endpoints: readonly Target[]): Target[] =>
  endpoints.map(({ host, port, from }) => ({ host, port, ...(from === undefined ? {} : { from }) }))

export interface TrialOptions {
  readonly name: Message
  readonly replicas: number
  readonly containers: readonly StackContainer[]
  readonly plan: Omit<PlanInput, 'targets' | 'kinds'> & LoadModel
  readonly settings: Pick<LoadSettings, 'kinds' | 'failureLimit'>
  /** Of the generator on this machine. */
  readonly scheduling?: GeneratorScheduling
}

type LoadModel =
  | { way: 'closed'; connections: number }
  | { way: 'users'; users: number }
  | { way: 'open'; rate: number }

/** Request timeout, and its upper bound for slow machines. */
const REQUEST_TIMEOUT_SECONDS = 10
export const MAX_TIMEOUT_SECONDS = 60

/** Runs one load on the app and evaluates CPU usage. */
export async function runTrial(
  on: LabContext,
  { name, replicas, containers, plan, settings, scheduling }: TrialOptions,
): Promise<TrialRun> {
  const seconds = (plan.warmup ?? 0) + plan.seconds
  const shown = messageText(name)
  on.waiting(`the load to end: ${shown}`, seconds)
  const { result, readings } = await measureCpu(on, cpuHosts(on), plan.warmup ?? 0, () =>
    runShardedLoad(
      on,
      {
        timeLimit: Math.min(MAX_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS * on.timeoutMultiplier),
        ...plan,
        targets: appTargets(on),
        kinds: [...settings.kinds],
      },
      {
        ...(scheduling === undefined ? {} : { scheduling }),
        onProgress: (progress) => {
          on.waiting(`the load to end: ${shown}; ${progressText(progress, replicas)}`, seconds)
        },
      },
    ),
  )
  const uses = cpuUsages(readings, containers)
  const limit = generatorLimit(result.generator, result.lateP99)
  return {
    name,
    replicas,
    result,
    issues: validityIssues(result, { failed: settings.failureLimit, replicas }),
    uses,
    bottleneck: bottleneckOf(uses, limit),
  }
}

/** `143 requests/s, p95 45 ms, 0 failed, 4 of 4 replicas answer` */
export const progressText = (
  { perSecond, p95, failures, replicas: answering }: LoadProgress,
  replicas: number,
): string =>
  `${perSecond} requests/s, p95 ${p95.toFixed(0)} ms, ${failures} failed` +
  (answering === 0 ? '' : `, ${answering} of ${replicas} replicas answer`)
