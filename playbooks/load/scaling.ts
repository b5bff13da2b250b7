import type { ExperimentContext } from 'labbook'
import {
  type GeneratorScheduling,
  type CapacityLimits,
  type Knee,
  kneeOf,
  type LoadPoint,
  nextLoad,
  type StopReason,
} from 'labbook/load'
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
const AT_KNEE = 3
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

/** Increases the load until throughput stops rising, and repeats the measurement at the knee. */
export async function findCapacity(
  on: ExperimentContext,
  settings: LoadSettings,
  replicas: number,
  containers: readonly StackContainer[],
  scheduling: GeneratorScheduling,
): Promise<CapacityResult> {
  const limits: CapacityLimits = {
    first: FIRST_CONNECTIONS * replicas,
    factor: FACTOR,
    max: settings.maxConnections,
    p95: settings.p95Ms,
    failed: settings.failureLimit,
  }
  const trial = (name: string, connections: number): Promise<TrialRun> =>
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
  const trials: TrialRun[] = []
  const points: LoadPoint[] = []
  for (;;) {
    const next = nextLoad(points, limits)
    if ('stop' in next) {
      const knee = kneeOf(points, limits)
      const atKnee = trials.filter((_, at) => points[at]?.load === knee?.load)
      for (let time = atKnee.length + 1; knee !== undefined && time <= AT_KNEE; time++)
        atKnee.push(await trial(`${replicas} replicas at the knee, ${time}`, knee.load))
      return { replicas, trials, points, stop: next.stop, knee, atKnee }
    }
    const result = await trial(`${replicas} replicas, ${next.load} connections`, next.load)
    trials.push(result)
    points.push(pointOf(result, next.load))
  }
}
