/** The result of one trial at a fixed rate. */
export interface RatePoint {
  /** Requests per second that were due. */
  readonly rate: number
  /** Latency from the due time, in milliseconds. */
  readonly p99: number
  /** Ratio of failed requests. */
  readonly failed: number
}

export interface RateGoal {
  /** First rate to try. */
  readonly first: number
  /** The highest p99 that meets the goal, in milliseconds. */
  readonly goalMs: number
  /** Maximum ratio of failed requests. Default 0.01. */
  readonly failed?: number
  /** The search ends when the lowest rate that misses the goal is at most this much above the highest that meets it. */
  readonly precision?: number
  /** How often a rate has to meet the goal, one after the other. Default 2. */
  readonly times?: number
  readonly max: number
}

/** What the search found. */
export interface RateFound {
  /** The highest rate that met the goal as often as asked; undefined if none did. */
  readonly rate: number | undefined
  /** The lowest rate that missed it; undefined if the maximum met it. */
  readonly missed: number | undefined
}

const STEP = 1.5
/** Rates below are of no use, and percentiles of so few requests of no meaning. */
const LEAST_RATE = 1

/** Whether a trial met the goal. */
export const meetsGoal = ({ p99, failed }: RatePoint, { goalMs, failed: most = 0.01 }: RateGoal): boolean =>
  p99 <= goalMs && failed <= most

/**
 * The next rate to try, or what the search found: rates rise (or fall) by half until one misses (or meets) the goal,
 * then the interval between is halved. A rate that met the goal once is tried again: a percentile of one short trial is
 * a matter of luck. One miss is enough to go lower, so that noise makes the result lower, never higher.
 */
export function nextRate(points: readonly RatePoint[], goal: RateGoal): { readonly rate: number } | RateFound {
  const { first, precision = 0.05, times = 2, max } = goal
  const missed = lowest(points.filter((point) => !meetsGoal(point, goal)))
  const below = points.filter((point) => missed === undefined || point.rate < missed)
  const met = highest(below)
  const candidate = met ?? (missed === undefined ? Math.min(first, max) : undefined)
  if (met !== undefined && below.filter(({ rate }) => rate === met).length < times) return { rate: met }
  if (candidate === undefined) {
    const lower = round((missed as number) / STEP)
    return lower < LEAST_RATE ? { rate: undefined, missed } : { rate: lower }
  }
  if (met === undefined) return { rate: candidate }
  if (missed === undefined) return met >= max ? { rate: met, missed } : { rate: Math.min(max, round(met * STEP)) }
  const between = round(Math.sqrt(met * missed))
  return missed <= met * (1 + precision) || between <= met || between >= missed
    ? { rate: met, missed }
    : { rate: between }
}

/** The found result, once the search has ended. */
export const isFound = (next: { readonly rate: number } | RateFound): next is RateFound => 'missed' in next

const round = (rate: number): number => Math.max(LEAST_RATE / 2, Number(rate.toPrecision(3)))
const lowest = (points: readonly RatePoint[]): number | undefined =>
  points.length === 0 ? undefined : Math.min(...points.map(({ rate }) => rate))
const highest = (points: readonly RatePoint[]): number | undefined =>
  points.length === 0 ? undefined : Math.max(...points.map(({ rate }) => rate))
