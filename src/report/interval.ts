/** Halvings of an interval from 0 to 1: more than a double can tell apart. */
const HALVINGS = 60

/**
 * What share of all times a thing may hold that held in so many of so many, with 95 % confidence: the exact interval of
 * Clopper and Pearson. It is wide where the times were few, and never too narrow.
 *
 * @returns the lowest and highest share, from 0 to 1.
 */
export function shareInterval(held: number, of: number): readonly [low: number, high: number] {
  const tail = 0.025
  return [
    held === 0 ? 0 : solve((share) => atLeast(held, of, share) >= tail),
    held === of ? 1 : solve((share) => 1 - atLeast(held + 1, of, share) <= tail),
  ]
}

/** The share at which a test that fails below it comes to pass. */
function solve(passed: (share: number) => boolean): number {
  let [low, high] = [0, 1]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (passed(middle)) high = middle
    else low = middle
  }
  return high
}

/**
 * How likely it is to hold at least so often, when it holds in that share of all times. In logarithms: for many times
 * the terms are too small for a double.
 */
function atLeast(held: number, of: number, share: number): number {
  let term = of * Math.log1p(-share)
  let sum = held === 0 ? Math.exp(term) : 0
  for (let k = 1; k <= of; k++) {
    term += Math.log((of - k + 1) / k) + Math.log(share) - Math.log1p(-share)
    if (k >= held) sum += Math.exp(term)
  }
  return sum
}
