/** Median, minimum and maximum: with five values, quantiles would add nothing. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** @returns undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const [min] = sorted
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) return undefined
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? max
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? min)
  return { median: (lower + upper) / 2, min, max, count: sorted.length }
}
