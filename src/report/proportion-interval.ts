/** Enough to exhaust the precision of a double. */
const BISECTIONS = 60

/**
 * The exact (Clopper-Pearson) 95 % confidence interval of a binomial proportion, given `held` successes of `of` trials.
 *
 * @returns lower and upper bound, from 0 to 1.
 */
export function proportionInterval(held: number, of: number): readonly [low: number, high: number] {
  const tail = 0.025
  return [
    held === 0 ? 0 : solve((proportion) => atLeast(held, of, proportion) >= tail),
    held === of ? 1 : solve((proportion) => 1 - atLeast(held + 1, of, proportion) <= tail),
  ]
}

/** Finds, by bisection, the smallest proportion that passes a monotonic test. */
function solve(passes: (proportion: number) => boolean): number {
  let [low, high] = [0, 1]
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2
    if (passes(middle)) high = middle
    else low = middle
  }
  return high
}

/** P(X >= held) of a binomial distribution. Computed in logarithms: the terms of many trials underflow a double. */
function atLeast(held: number, of: number, proportion: number): number {
  let term = of * Math.log1p(-proportion)
  let sum = held === 0 ? Math.exp(term) : 0
  for (let k = 1; k <= of; k++) {
    term += Math.log((of - k + 1) / k) + Math.log(proportion) - Math.log1p(-proportion)
    if (k >= held) sum += Math.exp(term)
  }
  return sum
}
