import jstat from 'jstat'
import { mean, sampleVariance } from 'simple-statistics'
import { messageText, type Message } from '../events/message.ts'
import { percents, loadMessage } from './texts.ts'

/** An estimate with its confidence interval. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** Default confidence level. */
export const LEVEL = 0.95

/**
 * Ratio of two geometric means, with Welch's confidence interval of the difference of the logarithms. The logarithm
 * makes the spread of throughputs independent of their size: one replica and four are compared.
 *
 * @param base - at least two positive numbers, as is `other`; the ratio is `other / base`.
 */
export function ratioOfMeans(base: readonly number[], other: readonly number[], level = LEVEL): Interval {
  const [from, to] = [base, other].map((values) => values.map(Math.log)) as [number[], number[]]
  const [a, b] = [sampleVariance(from) / from.length, sampleVariance(to) / to.length]
  const difference = mean(to) - mean(from)
  // Welch and Satterthwaite. Equal values have no spread; then any number of degrees gives the same interval.
  const degrees = a + b === 0 ? 1 : (a + b) ** 2 / (a ** 2 / (from.length - 1) + b ** 2 / (to.length - 1))
  const half = jstat.studentt.inv((1 + level) / 2, degrees) * Math.sqrt(a + b)
  return { estimate: Math.exp(difference), low: Math.exp(difference - half), high: Math.exp(difference + half) }
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
  readonly issues: readonly Message[]
}

export type Conclusion = 'more' | 'less' | 'no difference' | 'inconclusive'

/** Comparison of a sample with a base. */
export interface Comparison {
  readonly answer: Conclusion
  /** The answer with its numbers or reason. */
  readonly why: Message
  /** other / base; absent with too few trials. */
  readonly ratio?: Interval
}

export interface CompareOptions {
  /** Equivalence margin: ratios from 1 / (1 + within) to 1 + within are no difference. Default 0.1. */
  readonly within?: number
  /** Minimum number of trials each. Default and minimum 3. */
  readonly least?: number
  /** Confidence level of all looks together. */
  readonly level?: number
  /**
   * How often the same trials are compared at most while they are collected. Default 1. Each look has a part of the
   * error (Bonferroni), so that all together are as reliable as one.
   */
  readonly looks?: number
}

/** With fewer trials the interval is too wide to be of use. */
export const LEAST_TRIALS = 3

/**
 * Compares `other` with `base`. One invalid trial makes the result inconclusive: excluding trials by their outcome
 * would bias it.
 */
export function compare(base: readonly Trial[], other: readonly Trial[], options: CompareOptions = {}): Comparison {
  const { within = 0.1, level = LEVEL, looks = 1 } = options
  const least = Math.max(LEAST_TRIALS, options.least ?? 0)
  const inconclusive = (why: Message, ratio?: Interval): Comparison => ({
    answer: 'inconclusive',
    why,
    ...(ratio === undefined ? {} : { ratio }),
  })
  if (base.length < least || other.length < least) {
    return inconclusive(
      loadMessage('too few trials: {base} and {other}, {least} each are needed', {
        base: base.length,
        other: other.length,
        least,
      }),
    )
  }
  if (![...base, ...other].every(({ value }) => value > 0))
    return inconclusive(loadMessage('a trial has no successful response'))
  const ratio = ratioOfMeans(
    base.map(({ value }) => value),
    other.map(({ value }) => value),
    1 - (1 - level) / looks,
  )
  const issues = [...base, ...other].flatMap((trial) => trial.issues)
  if (issues[0] !== undefined) return inconclusive(summarizeIssues(issues[0], issues), ratio)
  const values = { ratio: intervalText(ratio), level: percents(level) }
  const numbers =
    looks === 1
      ? loadMessage('ratio {ratio}, {level} % confidence interval', values)
      : loadMessage('ratio {ratio}, {level} % confidence interval, corrected for {looks} looks', { ...values, looks })
  if (ratio.low >= 1 / (1 + within) && ratio.high <= 1 + within) {
    const why = loadMessage('no difference within {percent} %: {numbers}', { percent: percents(within), numbers })
    return { answer: 'no difference', why, ratio }
  }
  if (ratio.low > 1) return { answer: 'more', why: loadMessage('more: {numbers}', { numbers }), ratio }
  if (ratio.high < 1) return { answer: 'less', why: loadMessage('less: {numbers}', { numbers }), ratio }
  return inconclusive(
    loadMessage('the confidence interval is too wide: {numbers}; run more or longer trials', { numbers }),
    ratio,
  )
}

/** `1.52 (1.44 to 1.60)` */
export const formatInterval = ({ estimate, low, high }: Interval, digits = 2): string =>
  `${estimate.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`

/** The same, for findings. */
export const intervalText = ({ estimate, low, high }: Interval, digits = 2): Message =>
  loadMessage('{estimate} ({low} to {high})', {
    estimate: estimate.toFixed(digits),
    low: low.toFixed(digits),
    high: high.toFixed(digits),
  })

function summarizeIssues(first: Message, issues: readonly Message[]): Message {
  const [, other, ...others] = new Map(issues.map((issue) => [messageText(issue), issue])).values()
  return other === undefined
    ? first
    : loadMessage('{first}; and {n|more issue|more issues}, such as: {other}', { first, n: others.length + 1, other })
}
