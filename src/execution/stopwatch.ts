/** Measures elapsed time from its creation. */
export interface Stopwatch {
  /** Wall-clock start time: ISO 8601, UTC. */
  readonly startedAt: string
  /** Elapsed whole milliseconds, from the monotonic clock: the wall clock may be adjusted. */
  elapsed(): number
}

export function stopwatch(): Stopwatch {
  const began = performance.now()
  return { startedAt: new Date().toISOString(), elapsed: () => Math.round(performance.now() - began) }
}
