import jstat from 'jstat'
import { levenbergMarquardt } from 'ml-levenberg-marquardt'
import { LuDecomposition, Matrix } from 'ml-matrix'
import { mean } from 'simple-statistics'
import type { Message } from '../events/message.ts'
import { LEVEL, intervalText, type Interval } from './statistics.ts'
import { percents, loadMessage } from './texts.ts'

/** Throughput of one trial at a number of replicas. */
export interface ScalingTrial {
  readonly replicas: number
  readonly throughput: number
}

/**
 * A scaling law. `rate` is the throughput of one replica, `contention` the serial fraction (it bounds the speed-up),
 * `coherence` the cost per pair of replicas (it makes throughput fall again). Amdahl's law has no coherence; the
 * Universal Scalability Law (Gunther) has both.
 */
export interface ScalingLaw {
  readonly rate: Interval
  readonly contention: Interval
  readonly coherence: Interval
  /** Root mean square of the relative residuals. */
  readonly residual: number
  /** Predicted throughput. */
  readonly at: (replicas: number) => number
  /** Confidence band of the predicted throughput. */
  readonly between: (replicas: number) => readonly [low: number, high: number]
}

/** A law, or why the fit is inconclusive. */
export type Fit =
  | { readonly law: ScalingLaw; readonly cannotTell?: undefined }
  | { readonly cannotTell: Message; readonly law?: undefined }

/** Throughput of `n` replicas by the Universal Scalability Law. */
export const usl =
  (rate: number, contention: number, coherence: number) =>
  (n: number): number =>
    (rate * n) / (1 + contention * (n - 1) + coherence * n * (n - 1))

type Parameters = readonly [rate: number, contention: number, coherence: number]

/** It converges in about 8. */
const ITERATIONS = 15
/** Wider confidence intervals leave open whether the service scales. */
const WIDEST = { contention: 0.5, coherence: 0.1 }
/** Above this residual the law does not describe the data. */
const MISSES = 0.2

/**
 * Fits a law to trials with different numbers of replicas. Confidence intervals come from the covariance of the
 * parameters and Student's t, as `nls` of R has them; the noise is taken to be relative.
 *
 * @param which - `amdahl` needs trials with 3 different numbers of replicas, `usl` 4: one more than its parameters.
 */
export function fitLaw(trials: readonly ScalingTrial[], which: 'usl' | 'amdahl', { level = LEVEL } = {}): Fit {
  const parameters = which === 'usl' ? 3 : 2
  const counts = new Set(trials.map(({ replicas }) => replicas)).size
  const least = parameters + 1
  if (counts < least)
    return {
      cannotTell: loadMessage(
        'trials have {counts} different numbers of replicas; a fit of {parameters} parameters needs {least}',
        { counts, parameters, least },
      ),
    }
  if (trials.some(({ throughput }) => !(throughput > 0)))
    return { cannotTell: loadMessage('a trial has no throughput') }
  const start = Math.max(...trials.map(({ replicas, throughput }) => throughput / replicas))
  const starts = [0.02, 0.3, 0.8].flatMap((contention) =>
    [0, 0.03].map((coherence): Parameters => [start, contention, coherence]),
  )
  const bestFit = (bounds: Bounds): Parameters =>
    starts
      .map((from) => fit(trials, which, bounds, from))
      .reduce((best, other) => (missed(trials, other) < missed(trials, best) ? other : best))
  const found = bestFit('never negative')
  // At a bound of 0 the covariance means nothing. So the intervals are those of a fit without it, and are clamped.
  const free = bestFit('free')
  const errors = standardErrors(trials, free, parameters)
  if (errors === undefined) return { cannotTell: loadMessage('the trials do not determine the parameters') }
  const t = jstat.studentt.inv((1 + level) / 2, trials.length - parameters)
  const interval = (place: 1 | 2): Interval => {
    const half = t * (errors.parameters[place] ?? 0)
    return {
      estimate: found[place],
      low: Math.max(0, Math.min(free[place] - half, found[place])),
      high: Math.max(free[place] + half, found[place]),
    }
  }
  const at = usl(...found)
  const between: ScalingLaw['between'] = (replicas) => {
    const spread = Math.exp(t * errors.at(replicas))
    const curve = usl(...free)(replicas)
    return [Math.min(curve / spread, at(replicas)), Math.max(curve * spread, at(replicas))]
  }
  const [low, high] = between(1)
  const law: ScalingLaw = {
    rate: { estimate: found[0], low, high },
    contention: interval(1),
    coherence: interval(2),
    residual: Math.sqrt(missed(trials, found)),
    at,
    between,
  }
  const cannotTell = undetermined(law)
  return cannotTell === undefined ? { law } : { cannotTell }
}

function undetermined({ contention, coherence, residual: misses }: ScalingLaw): Message | undefined {
  if (misses > MISSES) return loadMessage('the curve misses the trials by {percent} %', { percent: percents(misses) })
  if (contention.high - contention.low > WIDEST.contention)
    return loadMessage('the confidence interval of contention is too wide: {interval}', {
      interval: intervalText(contention, 3),
    })
  if (coherence.high - coherence.low > WIDEST.coherence)
    return loadMessage('the confidence interval of coherence is too wide: {interval}', {
      interval: intervalText(coherence, 4),
    })
  return undefined
}

interface StandardErrors {
  /** Of the rate's logarithm, contention, coherence. */
  readonly parameters: readonly number[]
  /** Of the logarithm of the predicted throughput. */
  readonly at: (replicas: number) => number
}

/**
 * Standard errors of the parameters of a fit and of its curve, from its Jacobian (Seber and Wild, Nonlinear Regression,
 * 5.1). Undefined if the trials do not determine all parameters.
 */
function standardErrors(
  trials: readonly ScalingTrial[],
  fitted: Parameters,
  parameters: number,
): StandardErrors | undefined {
  const jacobian = new Matrix(trials.map(({ replicas }) => gradient(fitted, replicas).slice(0, parameters)))
  const information = new LuDecomposition(jacobian.transpose().mmul(jacobian))
  if (information.isSingular()) return undefined
  const variance = (missed(trials, fitted) * trials.length) / (trials.length - parameters)
  const covariance = information.solve(Matrix.eye(parameters)).mul(variance)
  return {
    parameters: covariance.diagonal().map(Math.sqrt),
    at: (replicas) => {
      const row = Matrix.rowVector(gradient(fitted, replicas).slice(0, parameters))
      return Math.sqrt(row.mmul(covariance).mmul(row.transpose()).get(0, 0))
    },
  }
}

/** Derivatives of the logarithm of {@link usl} by the rate's logarithm, contention and coherence. */
function gradient([, contention, coherence]: Parameters, n: number): [rate: number, number, number] {
  const slowdown = 1 + contention * (n - 1) + coherence * n * (n - 1)
  return [1, -(n - 1) / slowdown, (-n * (n - 1)) / slowdown]
}

/** Estimates of contention and coherence are never negative: superlinear scaling is out of scope. */
type Bounds = 'never negative' | 'free'

/**
 * Fits the logarithm of throughput, since noise is relative. (The weights of ml-levenberg-marquardt 5.1.0 are wrong: it
 * divides the residuals by what it multiplies the rest with.) Parameters are scaled to similar magnitude.
 */
function fit(trials: readonly ScalingTrial[], which: 'usl' | 'amdahl', bounds: Bounds, start: Parameters): Parameters {
  const most = Math.max(...trials.map(({ replicas }) => replicas))
  const [contentionOf, coherenceOf] = [1 / (most - 1), 1 / (most * (most - 1))]
  // As far below 0 as the curve has no pole.
  const least = bounds === 'free' ? [-50, -0.3, -0.4] : [-50, 0, 0]
  const count = which === 'usl' ? 3 : 2
  const { parameterValues } = levenbergMarquardt(
    { x: trials.map(({ replicas }) => replicas), y: trials.map(({ throughput }) => Math.log(throughput)) },
    ([rate = 0, contention = 0, coherence = 0]) =>
      (n) =>
        Math.log(usl(Math.exp(rate), contention * contentionOf, coherence * coherenceOf)(n)),
    {
      initialValues: [Math.log(start[0]), start[1] / contentionOf, start[2] / coherenceOf].slice(0, count),
      minValues: least.slice(0, count),
      maxValues: [50, 1 / contentionOf, 1 / coherenceOf].slice(0, count),
      gradientDifference: 1e-6,
      centralDifference: true,
      errorTolerance: 1e-14,
      maxIterations: ITERATIONS,
    },
  )
  const [rate = 0, contention = 0, coherence = 0] = parameterValues
  return [Math.exp(rate), contention * contentionOf, coherence * coherenceOf]
}

const missed = (trials: readonly ScalingTrial[], parameters: Parameters): number =>
  mean(trials.map(({ replicas, throughput }) => Math.log(throughput / usl(...parameters)(replicas)) ** 2))

/** The number of replicas with maximum throughput; undefined if throughput rises without limit. */
export const peakOf = ({ contention, coherence }: ScalingLaw): number | undefined =>
  coherence.estimate > 0 ? Math.sqrt((1 - contention.estimate) / coherence.estimate) : undefined
