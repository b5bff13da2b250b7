/** What came of a step of load. */
export interface LoadPoint {
  /** Connections, or whatever is raised. */
  readonly load: number
  /** Good answers a second. */
  readonly throughput: number
  /** Milliseconds, 95 of 100 answers. */
  readonly p95: number
  /** Part of the requests that failed. */
  readonly failed: number
}

export interface CapacityLimits {
  /** Where it begins, and by what it is multiplied each time. Default 1 and 2. */
  readonly first?: number
  readonly factor?: number
  /** The highest load. */
  readonly most: number
  /** A rise of throughput below this part is none. Default 0.05. */
  readonly gain?: number
  /** Milliseconds; an answer that takes longer is of no use. */
  readonly p95: number
  /** Default 0.01. */
  readonly failed?: number
}

/** Why load is not raised further. */
export type Stop = 'throughput' | 'latency' | 'failures' | 'ceiling'

/** So many steps in a row without a rise end it: one alone may be chance. */
const FLAT_STEPS = 2
const GAIN = 0.05
const FAILED = 0.01

/** The next step of load, or why there is none. */
export function nextLoad(points: readonly LoadPoint[], limits: CapacityLimits): { load: number } | { stop: Stop } {
  const { first = 1, factor = 2, most, gain = GAIN, p95, failed = FAILED } = limits
  const last = points.at(-1)
  if (last === undefined) return { load: Math.min(first, most) }
  if (last.failed > failed) return { stop: 'failures' }
  if (last.p95 > p95) return { stop: 'latency' }
  if (flatSteps(points, gain) >= FLAT_STEPS) return { stop: 'throughput' }
  const load = Math.min(most, Math.max(last.load + 1, Math.round(last.load * factor)))
  return load > last.load ? { load } : { stop: 'ceiling' }
}

/** Steps since the last that had more throughput than all before it. */
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

/** Where raising load stops to pay. */
export interface Knee {
  /** The smallest load with nearly all of the throughput. */
  readonly load: number
  /** The most throughput that was seen within the limits. */
  readonly capacity: number
  readonly p95: number
  /** False: throughput still rose when the load could not be raised, so that the capacity may be higher. */
  readonly reached: boolean
}

/** @returns undefined where no step was within the limits. */
export function kneeOf(points: readonly LoadPoint[], limits: CapacityLimits): Knee | undefined {
  const { gain = GAIN, p95, failed = FAILED } = limits
  const within = points.filter((point) => point.p95 <= p95 && point.failed <= failed && point.throughput > 0)
  const capacity = Math.max(...within.map(({ throughput }) => throughput))
  const knee = within.find(({ throughput }) => throughput >= capacity * (1 - gain))
  if (knee === undefined) return undefined
  const next = nextLoad(points, limits)
  return { load: knee.load, capacity, p95: knee.p95, reached: 'stop' in next && next.stop !== 'ceiling' }
}
