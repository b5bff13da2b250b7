/** Begins now. */
export interface Stopwatch {
  /** When it began: ISO 8601, UTC, by the clock on the wall. */
  readonly start: string
  /** Whole milliseconds since, by a clock that nobody sets: the one on the wall may jump back. */
  elapsed(): number
}

export function stopwatch(): Stopwatch {
  const began = performance.now()
  return { start: new Date().toISOString(), elapsed: () => Math.round(performance.now() - began) }
}
