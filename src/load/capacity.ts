/** The result of one load step. */
export interface LoadPoint {
  /** Connections, or whatever is stepped. */
  readonly load: number
  /** Successful responses per second. */
  readonly throughput: number
  /** Milliseconds. */
  readonly p95: number
  /** Ratio of failed requests. */
  readonly failed: number
  /** Whether every replica used all CPU time it may: more load cannot raise the throughput. */
  readonly saturated?: boolean
}

export interface CapacityLimits {
  /** First load, and the factor between steps. Default 1 and 2. */
  readonly first?: number
  readonly factor?: number
  /** Maximum load. */
  readonly max: number
  /** Minimum relative gain of throughput that counts as a gain. Default 0.05. */
  readonly gain?: number
  /** Maximum p95 latency, in milliseconds. */
  readonly p95: number
  /** Maximum ratio of failed requests. Default 0.01. */
  readonly failed?: number
}

/** Why the ramp stopped. */
export type StopReason = 'saturation' | 'throughput' | 'latency' | 'failures' | 'ceiling'

/** Consecutive steps without a gain that end the ramp. One alone may be noise. */
const FLAT_STEPS = 2
const GAIN = 0.05
const FAILED = 0.01

/** The next load, or why the ramp stops. */
export function nextLoad(
  points: readonly LoadPoint[],
  limits: CapacityLimits,
): { load: number } | { stop: StopReason } {
  const { first = 1, factor = 2, max: most, gain = GAIN, p95, failed = FAILED } = limits
  const last = points.at(-1)
  if (last === undefined) return { load: Math.min(first, most) }
  if (last.failed > failed) return { stop: 'failures' }
  if (last.p95 > p95) return { stop: 'latency' }
  if (last.saturated === true) return { stop: 'saturation' }
  if (flatSteps(points, gain) >= FLAT_STEPS) return { stop: 'throughput' }
  const load = Math.min(most, Math.max(last.load + 1, Math.round(last.load * factor)))
  return load > last.load ? { load } : { stop: 'ceiling' }
}

/** Steps since the last gain of throughput. */
function flatSteps(points: readonly LoadPoint[], gain: number): number {
  let best = 0
  let flat = 0
  for (const { throughput } of points) {
    if (throughput > best * (1 + gain)) flat = 0
    else flat++
    best = Math.max(best, throughput)
  }
  return flat
}

/** The knee of the throughput curve. */
export interface Knee {
  /** The smallest load with nearly the maximum throughput. */
  readonly load: number
  /** Maximum throughput within the limits. */
  readonly capacity: number
  readonly p95: number
  /** False: throughput still rose at the maximum load, so the capacity may be higher. */
  readonly reached: boolean
}

/** @returns undefined if no step was within the limits. */
export function kneeOf(points: readonly LoadPoint[], limits: CapacityLimits): Knee | undefined {
  const { gain = GAIN, p95, failed = FAILED } = limits
  const within = points.filter((point) => point.p95 <= p95 && point.failed <= failed && point.throughput > 0)
  const capacity = Math.max(...within.map(({ throughput }) => throughput))
  const knee = within.find(({ throughput }) => throughput >= capacity * (1 - gain))
  if (knee === undefined) return undefined
  const next = nextLoad(points, limits)
  return { load: knee.load, capacity, p95: knee.p95, reached: 'stop' in next && next.stop !== 'ceiling' }
}
