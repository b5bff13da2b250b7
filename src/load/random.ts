/** Numbers in [0, 1), the same for the same seed (mulberry32): what was drawn by lot can be drawn again. */
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
 * Which of several things to do next: as often as its weight says, in an order drawn by lot.
 *
 * @returns a function that gives the place of the next one.
 */
export function byWeight(weights: readonly number[], random: () => number): () => number {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return () => {
    let left = random() * all
    const at = weights.findIndex((weight) => (left -= weight) < 0)
    return at === -1 ? weights.length - 1 : at
  }
}

/** Each place as often as its weight says, in one round, shuffled. */
export function round(weights: readonly number[], random: () => number): number[] {
  const places = weights.flatMap((weight, place) => Array.from({ length: weight }, () => place))
  for (let last = places.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const moved = places[last] as number
    places[last] = places[other] as number
    places[other] = moved
  }
  return places
}
