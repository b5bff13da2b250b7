import { median, quantileSorted, sampleWithReplacement } from 'simple-statistics'
import { seeded } from './random.ts'

/** An estimate with its confidence interval. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** Default confidence level. */
export const LEVEL = 0.95
const RESAMPLES = 2000

/** Percentile interval of bootstrap resamples. */
export function percentileInterval(estimate: number, resamples: readonly number[], level = LEVEL): Interval {
  const sorted = [...resamples].sort((a, b) => a - b)
  return { estimate, low: quantileSorted(sorted, (1 - level) / 2), high: quantileSorted(sorted, (1 + level) / 2) }
}

/**
 * Ratio of two medians, with a bootstrap confidence interval. With five values each, the coverage of the 95 % interval
 * is about 95 % (see test/unit/load/statistics.test.ts); with fewer it is lower.
 *
 * @param base - positive numbers; the ratio is `other / base`.
 */
export function ratioOfMedians(
  base: readonly number[],
  other: readonly number[],
  { level = LEVEL, seed = 1 } = {},
): Interval {
  const random = seeded(seed)
  const resampledMedian = (values: readonly number[]): number =>
    median(sampleWithReplacement([...values], values.length, random))
  const drawn = Array.from({ length: RESAMPLES }, () => resampledMedian(other) / resampledMedian(base))
  return percentileInterval(median([...other]) / median([...base]), drawn, level)
}

/**
 * Interleaves conditions in ABBA order (1, 4, 4, 1, 1, 4, ...), so that a steady drift, such as a machine that heats
 * up, affects all alike.
 */
export function interleaved<T>(things: readonly T[], times: number): T[] {
  const back = [...things].reverse()
  return Array.from({ length: times }, (_, turn) => (turn % 2 === 0 ? things : back)).flat()
}

/** A measurement, and why it may be invalid. */
export interface Trial {
  readonly value: number
  /** From `validityIssues`: why this value may not measure the servers. */
  readonly issues: readonly string[]
}

export type Conclusion = 'more' | 'less' | 'no difference' | 'inconclusive'

/** Comparison of a sample with a base. */
export interface Comparison {
  readonly answer: Conclusion
  /** The answer as a sentence, with its numbers or reason. */
  readonly why: string
  /** other / base; absent with too few trials. */
  readonly ratio?: Interval
}

export interface CompareOptions {
  /** Equivalence margin: ratios from 1 / (1 + within) to 1 + within are no difference. Default 0.1. */
  readonly within?: number
  /** Minimum number of trials each. Default and minimum 5. */
  readonly least?: number
  readonly level?: number
  readonly seed?: number
}

/** With fewer trials an interval has less than its nominal coverage. */
export const LEAST_TRIALS = 5

/**
 * Compares `other` with `base`. One invalid trial makes the result inconclusive: excluding trials by their outcome
 * would bias it.
 */
export function compare(base: readonly Trial[], other: readonly Trial[], options: CompareOptions = {}): Comparison {
  const { within = 0.1, level = LEVEL, seed = 1 } = options
  const least = Math.max(LEAST_TRIALS, options.least ?? 0)
  const inconclusive = (why: string, ratio?: Interval): Comparison => ({
    answer: 'inconclusive',
    why,
    ...(ratio === undefined ? {} : { ratio }),
  })
  if (base.length < least || other.length < least) {
    return inconclusive(`too few trials: ${base.length} and ${other.length}, ${least} each are needed`)
  }
  if (![...base, ...other].every(({ value }) => value > 0)) return inconclusive('a trial has no successful response')
  const ratio = ratioOfMedians(
    base.map(({ value }) => value),
    other.map(({ value }) => value),
    { level, seed },
  )
  const issues = [...base, ...other].flatMap((trial) => trial.issues)
  if (issues.length > 0) return inconclusive(summarizeIssues(issues), ratio)
  const numbers = `ratio ${formatInterval(ratio)}, ${Math.round(level * 100)} % confidence interval`
  if (ratio.low >= 1 / (1 + within) && ratio.high <= 1 + within) {
    return { answer: 'no difference', why: `no difference within ${Math.round(within * 100)} %: ${numbers}`, ratio }
  }
  if (ratio.low > 1) return { answer: 'more', why: `more: ${numbers}`, ratio }
  if (ratio.high < 1) return { answer: 'less', why: `less: ${numbers}`, ratio }
  return inconclusive(`the confidence interval is too wide: ${numbers}; run more or longer trials`, ratio)
}

/** `1.52 (1.44 to 1.60)` */
export const formatInterval = ({ estimate, low, high }: Interval, digits = 2): string =>
  `${estimate.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`

function summarizeIssues(issues: readonly string[]): string {
  const [first = '', ...others] = [...new Set(issues)]
  return others.length === 0
    ? first
    : `${first}; and ${others.length} more issue${others.length === 1 ? '' : 's'}, such as: ${others[0]}`
}
