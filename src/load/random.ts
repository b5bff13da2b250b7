import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { mersenne } from 'pure-rand/generator/mersenne'
import { shuffle } from 'simple-statistics'

/** Reproducible random numbers in [0, 1). */
export function seeded(seed: number): () => number {
  // The first numbers of adjacent seeds, which shards use, are unrelated; those of xoroshiro128plus are all near 1.
  const generator = mersenne(seed)
  return () => uniformFloat64(generator)
}

/**
 * Weighted random choice.
 *
 * @returns a function that returns the index of the next choice.
 */
export function weightedChoice(weights: readonly number[], random: () => number): () => number {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return () => {
    let left = random() * all
    const at = weights.findIndex((weight) => (left -= weight) < 0)
    return at === -1 ? weights.length - 1 : at
  }
}

/** Each index as often as its weight, shuffled. */
export const shuffledRound = (weights: readonly number[], random: () => number): number[] =>
  shuffle(
    weights.flatMap((weight, index) => Array.from({ length: weight }, () => index)),
    random,
  )
