import { compare, type Comparison, type CompareOptions, interleaved, LEAST_TRIALS, type Trial } from './statistics.ts'

/** A trial that was run under one of two conditions. */
export interface SequentialTrial<T> {
  readonly condition: T
  readonly trial: Trial
}

export interface SequentialOptions extends Omit<CompareOptions, 'least' | 'looks'> {
  /** Trials of each condition before the first look, and at most. */
  readonly least?: number
  readonly most: number
  /** Begins with the second condition: for when a change from it to the first takes less time. */
  readonly secondFirst?: boolean
}

/**
 * Runs trials of two conditions in ABBA order until the comparison is decided, or a maximum is reached. It looks after
 * each pair, and each look has its part of the error: see {@link CompareOptions.looks}.
 *
 * An invalid trial cannot become valid by others, so that the trials end there.
 *
 * @param run - runs one trial.
 */
export async function runUntilDecided<T>(
  conditions: readonly [T, T],
  { least = LEAST_TRIALS, most, secondFirst = false, ...options }: SequentialOptions,
  run: (condition: T, number: number) => Promise<Trial>,
): Promise<{ readonly comparison: Comparison; readonly trials: readonly SequentialTrial<T>[] }> {
  const trials: SequentialTrial<T>[] = []
  const of = (condition: T): Trial[] => trials.filter((each) => each.condition === condition).map(({ trial }) => trial)
  const looks = Math.max(1, most - least + 1)
  const look = (): Comparison => compare(of(conditions[0]), of(conditions[1]), { ...options, least, looks })
  const order = secondFirst ? conditions.toReversed() : conditions
  for (const [index, condition] of interleaved(order, Math.max(least, most)).entries()) {
    trials.push({ condition, trial: await run(condition, index + 1) })
    const pairs = trials.length / 2
    if (trials.at(-1)?.trial.issues.length !== 0) break
    if (Number.isInteger(pairs) && pairs >= least && look().answer !== 'inconclusive') break
  }
  const comparison = look()
  // With an invalid trial there may be too few others to compare.
  const [issue] = trials.flatMap(({ trial }) => trial.issues)
  return {
    comparison: issue === undefined ? comparison : { ...comparison, answer: 'inconclusive', why: issue },
    trials,
  }
}
