import {
  type GeneratorScheduling,
  type CapacityLimits,
  type Knee,
  kneeOf,
  type LoadPoint,
  nextLoad,
  type StopReason,
} from 'labbook/load'
import type { Message } from 'labbook'
import { say, type LabContext } from '../messages/say.ts'
import { isServiceSaturated } from './bottleneck.ts'
import { COUNTER } from './replicas.ts'
import type { LoadSettings } from './settings.ts'
import { MAX_TIMEOUT_SECONDS, runTrial, type TrialRun } from './trial.ts'
import type { StackContainer } from './usage.ts'

/** Results for one number of replicas. */
export interface CapacityResult {
  readonly replicas: number
  /** One trial per step of increasing load. */
  readonly trials: readonly TrialRun[]
  readonly points: readonly LoadPoint[]
  readonly stop: StopReason
  readonly knee: Knee | undefined
  /** Trials at the knee, with the one of the ramp. */
  readonly atKnee: readonly TrialRun[]
}

/** Trials at each knee: a single value has no known uncertainty. The step of the ramp is the first of them. */
const AT_KNEE = 2
/** Connections per replica in the first load step: enough that a load balancer leaves no replica idle by chance. */
const FIRST_CONNECTIONS = 8
const FACTOR = 3

const pointOf = ({ result, uses }: TrialRun, load: number): LoadPoint => ({
  saturated: isServiceSaturated(uses, COUNTER),
  load,
  throughput: result.throughput,
  p95: result.total.latency.percentiles['95'] ?? 0,
  failed: result.total.requests === 0 ? 1 : result.total.failures / result.total.requests,
})

export interface CapacityOptions {
  readonly settings: LoadSettings
  readonly replicas: number
  readonly containers: readonly StackContainer[]
  readonly scheduling: GeneratorScheduling
}

/** Increases the load until throughput stops rising, and repeats the measurement at the knee. */
export async function findCapacity(on: LabContext, options: CapacityOptions): Promise<CapacityResult> {
  const { settings, replicas } = options
  const limits: CapacityLimits = {
    first: FIRST_CONNECTIONS * replicas,
    factor: FACTOR,
    max: settings.maxConnections,
    p95: settings.p95Ms,
    failed: settings.failureLimit,
  }
  const trials: TrialRun[] = []
  const points: LoadPoint[] = []
  for (;;) {
    const next = nextLoad(points, limits)
    if ('stop' in next) {
      const knee = kneeOf(points, limits)
      const atKnee = trials.filter((_, at) => points[at]?.load === knee?.load)
      return await repeatAtKnee(on, options, { replicas, trials, points, stop: next.stop, knee, atKnee })
    }
    const result = await runStep(
      on,
      options,
      say('{replicas|replica|replicas}, {n|connection|connections}', { replicas, n: next.load }),
      next.load,
    )
    trials.push(result)
    points.push(pointOf(result, next.load))
  }
}

/** Adds trials at the knee: up to {@link AT_KNEE}, or as many more as that. */
export async function repeatAtKnee(
  on: LabContext,
  options: CapacityOptions,
  found: CapacityResult,
): Promise<CapacityResult> {
  const { replicas, knee } = found
  if (knee === undefined) return found
  const atKnee = [...found.atKnee]
  const most = atKnee.length < AT_KNEE ? AT_KNEE : atKnee.length + AT_KNEE
  while (atKnee.length < most)
    atKnee.push(
      await runStep(
        on,
        options,
        say('{replicas|replica|replicas} at the knee, {number}', { replicas, number: atKnee.length + 1 }),
        knee.load,
      ),
    )
  return { ...found, atKnee }
}

const runStep = (
  on: LabContext,
  { settings, replicas, containers, scheduling }: CapacityOptions,
  name: Message,
  connections: number,
): Promise<TrialRun> =>
  runTrial(on, {
    name,
    replicas,
    containers,
    settings,
    scheduling,
    plan: {
      way: 'closed',
      connections,
      warmup: settings.stepWarmupSeconds,
      seconds: settings.stepSeconds,
      reconnectEvery: settings.reconnectEvery,
      timeLimit: Math.min(MAX_TIMEOUT_SECONDS, Math.max(1, settings.p95Ms / 500)),
    },
  })
