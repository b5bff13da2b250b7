import type { ExperimentContext } from 'labbook'
import { type CapacityLimits, type Knee, kneeOf, type LoadPoint, nextLoad, type StopReason } from 'labbook/load'
import type { LoadSettings } from './settings.ts'
import { MAX_TIMEOUT_SECONDS, runTrial, type TrialRun } from './trial.ts'
import type { ReadingsBetween, StackContainer } from './usage.ts'

/** Results for one number of replicas. */
export interface CapacityResult {
  readonly replicas: number
  /** One trial per step of increasing load. */
  readonly trials: readonly TrialRun[]
  readonly points: readonly LoadPoint[]
  readonly stop: StopReason
  readonly knee: Knee | undefined
  /** Repeated trials at the knee. */
  readonly atKnee: readonly TrialRun[]
}

/** Trials at each knee: a single value has no known uncertainty. */
const AT_KNEE = 3
const FIRST_CONNECTIONS = 8

const pointOf = ({ result }: TrialRun, load: number): LoadPoint => ({
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
  between: ReadingsBetween,
): Promise<CapacityResult> {
  const limits: CapacityLimits = {
    first: FIRST_CONNECTIONS,
    max: settings.maxConnections,
    p95: settings.p95Ms,
    failed: settings.failureLimit,
  }
  const trial = (name: string, connections: number): Promise<TrialRun> =>
    runTrial(
      on,
      {
        name,
        replicas,
        containers,
        failed: settings.failureLimit,
        plan: {
          way: 'closed',
          connections,
          warmup: settings.warmupSeconds,
          seconds: settings.stepSeconds,
          reconnectEvery: settings.reconnectEvery,
          timeLimit: Math.min(MAX_TIMEOUT_SECONDS, Math.max(1, settings.p95Ms / 500)),
        },
      },
      between,
    )
  const trials: TrialRun[] = []
  const points: LoadPoint[] = []
  for (;;) {
    const next = nextLoad(points, limits)
    if ('stop' in next) {
      const knee = kneeOf(points, limits)
      const atKnee: TrialRun[] = []
      for (let time = 1; knee !== undefined && time <= AT_KNEE; time++)
        atKnee.push(await trial(`${replicas} replicas at the knee, ${time}`, knee.load))
      return { replicas, trials, points, stop: next.stop, knee, atKnee }
    }
    const result = await trial(`${replicas} replicas, ${next.load} connections`, next.load)
    trials.push(result)
    points.push(pointOf(result, next.load))
  }
}
