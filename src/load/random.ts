/** Reproducible random numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
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
export function shuffledRound(weights: readonly number[], random: () => number): number[] {
  const indexes = weights.flatMap((weight, index) => Array.from({ length: weight }, () => index))
  for (let last = indexes.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const moved = indexes[last] as number
    indexes[last] = indexes[other] as number
    indexes[other] = moved
  }
  return indexes
}
