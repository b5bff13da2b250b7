import { median, quantileSorted, sampleWithReplacement } from 'simple-statistics'
import { seeded } from './random.ts'

/** A number and between what and what it lies, at the level asked for. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** How sure an interval is, unless told otherwise. */
export const LEVEL = 0.95
const RESAMPLES = 2000

/** Part of the values on either side that is cut off, of what was drawn again and again. */
export function percentileInterval(estimate: number, drawn: readonly number[], level = LEVEL): Interval {
  const sorted = [...drawn].sort((a, b) => a - b)
  return { estimate, low: quantileSorted(sorted, (1 - level) / 2), high: quantileSorted(sorted, (1 + level) / 2) }
}

/**
 * How many times the one median the other is, by the bootstrap: both samples are drawn from again with replacement, and
 * the ratio of the medians taken each time. With five values each the interval at 95 % has the truth about 95 times of
 * 100 (test/unit/load/statistics.test.ts counts); with fewer it has not.
 *
 * @param base - positive numbers; the ratio is `other / base`.
 */
export function ratioOfMedians(
  base: readonly number[],
  other: readonly number[],
  { level = LEVEL, seed = 1 } = {},
): Interval {
  const random = seeded(seed)
  const again = (values: readonly number[]): number => median(sampleWithReplacement([...values], values.length, random))
  const drawn = Array.from({ length: RESAMPLES }, () => again(other) / again(base))
  return percentileInterval(median([...other]) / median([...base]), drawn, level)
}

/**
 * The order in which to try several things, each as often: there and back (1, 4, 4, 1, 1, 4, ...), so that what changes
 * steadily meanwhile, such as the machine's temper, falls on all alike.
 */
export function interleaved<T>(things: readonly T[], times: number): T[] {
  const back = [...things].reverse()
  return Array.from({ length: times }, (_, turn) => (turn % 2 === 0 ? things : back)).flat()
}

/** A trial: what was measured, and why it may not count. */
export interface Trial {
  readonly value: number
  /** From `doubtsOf`: reasons why this number does not answer the question. */
  readonly doubts: readonly string[]
}

export type Answer = 'more' | 'less' | 'no difference' | 'cannot tell'

/** Whether the other is more than the base. */
export interface Comparison {
  readonly answer: Answer
  /** The answer as a sentence, with its numbers or its reason. */
  readonly why: string
  /** other / base; absent where there were too few trials. */
  readonly ratio?: Interval
}

export interface CompareOptions {
  /** Ratios from 1 / (1 + within) to 1 + within are no difference worth a word. Default 0.1. */
  readonly within?: number
  /** Trials of each that it takes. Default, and at least, 5. */
  readonly least?: number
  readonly level?: number
  readonly seed?: number
}

/** Trials of each below which an interval does not hold what it promises. */
export const LEAST_TRIALS = 5

/**
 * Is `other` more than `base`? One doubt about one trial is enough not to tell: to leave trials out by what came of
 * them would be to choose the answer.
 */
export function compare(base: readonly Trial[], other: readonly Trial[], options: CompareOptions = {}): Comparison {
  const { within = 0.1, level = LEVEL, seed = 1 } = options
  const least = Math.max(LEAST_TRIALS, options.least ?? 0)
  const cannot = (why: string, ratio?: Interval): Comparison => ({
    answer: 'cannot tell',
    why,
    ...(ratio === undefined ? {} : { ratio }),
  })
  if (base.length < least || other.length < least) {
    return cannot(`too few trials: ${base.length} and ${other.length}, and it takes ${least} of each`)
  }
  if (![...base, ...other].every(({ value }) => value > 0)) return cannot('a trial without a single good answer')
  const ratio = ratioOfMedians(
    base.map(({ value }) => value),
    other.map(({ value }) => value),
    { level, seed },
  )
  const doubts = [...base, ...other].flatMap((trial) => trial.doubts)
  if (doubts.length > 0) return cannot(firstDoubts(doubts), ratio)
  const says = `ratio ${shown(ratio)}, ${Math.round(level * 100)} % interval`
  if (ratio.low >= 1 / (1 + within) && ratio.high <= 1 + within) {
    return { answer: 'no difference', why: `no difference within ${Math.round(within * 100)} %: ${says}`, ratio }
  }
  if (ratio.low > 1) return { answer: 'more', why: `more: ${says}`, ratio }
  if (ratio.high < 1) return { answer: 'less', why: `less: ${says}`, ratio }
  return cannot(`the interval is too wide: ${says}; more trials, or longer ones, make it narrower`, ratio)
}

/** `1.52 (1.44 to 1.60)` */
export const shown = ({ estimate, low, high }: Interval, digits = 2): string =>
  `${estimate.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`

function firstDoubts(doubts: readonly string[]): string {
  const [first = '', ...others] = [...new Set(doubts)]
  return others.length === 0
    ? first
    : `${first}; and ${others.length} more doubt${others.length === 1 ? '' : 's'}, such as: ${others[0]}`
}
