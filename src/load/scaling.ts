import { levenbergMarquardt } from 'ml-levenberg-marquardt'
import { mean } from 'simple-statistics'
import { seeded } from './random.ts'
import { LEVEL, percentileInterval, shown, type Interval } from './statistics.ts'

/** Throughput of so many replicas, in one trial. */
export interface Scaled {
  readonly replicas: number
  readonly throughput: number
}

/**
 * A law of scaling. Of one replica's throughput `rate`, `contention` is the part of the work that is done one after
 * another (it bounds the speed-up), `coherence` what each pair of replicas costs (it makes throughput fall again).
 * Amdahl's law is the one without coherence; the Universal Scalability Law (Gunther) has both.
 */
export interface Law {
  readonly rate: Interval
  readonly contention: Interval
  readonly coherence: Interval
  /** Part of the measured throughput that the curve misses, on average (root of the mean square). */
  readonly misses: number
  /** Throughput of so many replicas. */
  readonly at: (replicas: number) => number
  /** Lowest and highest throughput of so many replicas, at the level of the intervals. */
  readonly between: (replicas: number) => readonly [low: number, high: number]
}

/** A law, or why the data does not determine it. */
export type Fitted =
  | { readonly law: Law; readonly cannotTell?: undefined }
  | { readonly cannotTell: string; readonly law?: undefined }

/** Throughput of `n` replicas by the Universal Scalability Law. */
export const usl =
  (rate: number, contention: number, coherence: number) =>
  (n: number): number =>
    (rate * n) / (1 + contention * (n - 1) + coherence * n * (n - 1))

type Parameters = readonly [rate: number, contention: number, coherence: number]

const RESAMPLES = 400
/** It converges in about eight. */
const ITERATIONS = 15
/** An interval of contention or coherence wider than this leaves open whether it scales at all. */
const WIDEST = { contention: 0.5, coherence: 0.1 }
/** Beyond, the curve is not the law of this data. */
const MISSES = 0.2

/**
 * Fits a law to trials with different numbers of replicas. Its intervals are made by the bootstrap of the residuals:
 * what the curve misses, as a part of it, is dealt out again to the curve's points, and fitted again.
 *
 * @param which - `amdahl` takes trials with 3 numbers of replicas, `usl` with 4: one more than parameters to tell.
 */
export function fitLaw(trials: readonly Scaled[], which: 'usl' | 'amdahl', { level = LEVEL, seed = 1 } = {}): Fitted {
  const parameters = which === 'usl' ? 3 : 2
  const counts = new Set(trials.map(({ replicas }) => replicas)).size
  const least = parameters + 1
  if (counts < least)
    return {
      cannotTell: `trials with ${counts} numbers of replicas, and it takes ${least} to tell a curve with ${parameters} parameters`,
    }
  if (trials.some(({ throughput }) => !(throughput > 0))) return { cannotTell: 'a trial without throughput' }
  const start = Math.max(...trials.map(({ replicas, throughput }) => throughput / replicas))
  const starts = [0.02, 0.3, 0.8].flatMap((contention) =>
    [0, 0.03].map((coherence): Parameters => [start, contention, coherence]),
  )
  const bestFit = (bounds: Bounds): Parameters =>
    starts
      .map((from) => fit(trials, which, bounds, from))
      .reduce((best, other) => (missed(trials, other) < missed(trials, best) ? other : best))
  const found = bestFit('never negative')
  // Cut off at 0 each time, the draws of one parameter would push those of the other aside; so they may go below, and
  // the intervals are cut.
  const free = bestFit('free')
  const residuals = trials.map(({ replicas, throughput }) => Math.log(throughput / usl(...free)(replicas)))
  const drawn = redraw(trials, usl(...free), residuals, parameters, seed).map((again) =>
    fit(again, which, 'free', free),
  )
  const interval = (place: 0 | 1 | 2): Interval => {
    const { low, high } = percentileInterval(
      found[place],
      drawn.map((values) => values[place]),
      level,
    )
    return { estimate: found[place], low: Math.max(0, Math.min(low, found[place])), high: Math.max(high, found[place]) }
  }
  const between: Law['between'] = (replicas) => {
    const { low, high } = percentileInterval(
      0,
      drawn.map((values) => usl(...values)(replicas)),
      level,
    )
    return [low, high]
  }
  const law: Law = {
    rate: interval(0),
    contention: interval(1),
    coherence: interval(2),
    misses: Math.sqrt(missed(trials, found)),
    at: usl(...found),
    between,
  }
  const cannotTell = undetermined(law)
  return cannotTell === undefined ? { law } : { cannotTell }
}

function undetermined({ contention, coherence, misses }: Law): string | undefined {
  if (misses > MISSES) return `the curve misses the trials by ${Math.round(misses * 100)} %`
  if (contention.high - contention.low > WIDEST.contention)
    return `the trials leave contention open: ${shown(contention, 3)}`
  if (coherence.high - coherence.low > WIDEST.coherence)
    return `the trials leave coherence open: ${shown(coherence, 4)}`
  return undefined
}

/**
 * Misses of few trials are too small by the parameters that were fitted to them, and spread wider than a normal law.
 */
function redraw(
  trials: readonly Scaled[],
  curve: (n: number) => number,
  residuals: readonly number[],
  parameters: number,
  seed: number,
): Scaled[][] {
  const random = seeded(seed)
  const freedom = Math.max(1, trials.length - parameters)
  const wider = Math.sqrt(trials.length / freedom) * (1 + (1.96 ** 2 + 1) / (4 * freedom))
  const pick = (): number => residuals[Math.floor(random() * residuals.length)] as number
  return Array.from({ length: RESAMPLES }, () =>
    trials.map(({ replicas }) => ({ replicas, throughput: curve(replicas) * Math.exp(pick() * wider) })),
  )
}

/**
 * Replicas that help each other are not what is asked about: in what is told, contention and coherence are never
 * negative.
 */
type Bounds = 'never negative' | 'free'

/**
 * Fits the logarithm of throughput: noise is a part of it. (ml-levenberg-marquardt 5.1.0 has weights for that, and is
 * wrong with them: it divides the residuals by what it multiplies the rest with, and comes to another minimum.)
 * Parameters are scaled to be of a size.
 */
function fit(trials: readonly Scaled[], which: 'usl' | 'amdahl', bounds: Bounds, start: Parameters): Parameters {
  const most = Math.max(...trials.map(({ replicas }) => replicas))
  const [contentionOf, coherenceOf] = [1 / (most - 1), 1 / (most * (most - 1))]
  // As far below 0 as the curve has no pole.
  const least = bounds === 'free' ? [-50, -0.3, -0.4] : [-50, 0, 0]
  const whole = which === 'usl' ? 3 : 2
  const { parameterValues } = levenbergMarquardt(
    { x: trials.map(({ replicas }) => replicas), y: trials.map(({ throughput }) => Math.log(throughput)) },
    ([rate = 0, contention = 0, coherence = 0]) =>
      (n) =>
        Math.log(usl(Math.exp(rate), contention * contentionOf, coherence * coherenceOf)(n)),
    {
      initialValues: [Math.log(start[0]), start[1] / contentionOf, start[2] / coherenceOf].slice(0, whole),
      minValues: least.slice(0, whole),
      maxValues: [50, 1 / contentionOf, 1 / coherenceOf].slice(0, whole),
      gradientDifference: 1e-6,
      centralDifference: true,
      errorTolerance: 1e-14,
      maxIterations: ITERATIONS,
    },
  )
  const [rate = 0, contention = 0, coherence = 0] = parameterValues
  return [Math.exp(rate), contention * contentionOf, coherence * coherenceOf]
}

const missed = (trials: readonly Scaled[], parameters: Parameters): number =>
  mean(trials.map(({ replicas, throughput }) => Math.log(throughput / usl(...parameters)(replicas)) ** 2))

/** The number of replicas with the most throughput; undefined where more always serve more. */
export const peakOf = ({ contention, coherence }: Law): number | undefined =>
  coherence.estimate > 0 ? Math.sqrt((1 - contention.estimate) / coherence.estimate) : undefined
