/** A second of the measurement, serialized. */
export interface SecondSnapshot {
  readonly ok: number
  readonly failed: number
  /** Of response bodies. */
  readonly bytes: number
  /** Milliseconds: sum, minimum and maximum of the latencies that count (see `Latency`); all 0 without any. */
  readonly sum: number
  readonly min: number
  readonly max: number
  /** Rounded latencies ({@link roundedLatency}) and their counts: `3*12 4*40 5` are 12 of 3, 40 of 4, one of 5 ms. */
  readonly latencies: string
}

/**
 * Rounds a latency to two significant digits, as Locust does: 147 ms to 150, 3432 to 3400, 58760 to 59000. A load has
 * some 300 different values, so that each second can have its own counts.
 */
export function roundedLatency(ms: number): number {
  const unit = ms < 100 ? 1 : ms < 1000 ? 10 : ms < 10_000 ? 100 : 1000
  return Math.round(ms / unit) * unit
}

/** Counts the outcomes of one second. */
export class SecondCounts {
  ok = 0
  failed = 0
  bytes = 0
  /** Whole microseconds, so that a sum does not depend on its order. */
  #sum = 0
  #min = Infinity
  #max = 0
  readonly #latencies = new Map<number, number>()

  /** @param microseconds - whole. */
  addLatency(microseconds: number): void {
    this.#sum += microseconds
    if (microseconds < this.#min) this.#min = microseconds
    if (microseconds > this.#max) this.#max = microseconds
    const rounded = roundedLatency(microseconds / 1000)
    this.#latencies.set(rounded, (this.#latencies.get(rounded) ?? 0) + 1)
  }

  merge({ ok, failed, bytes, sum, min, max, latencies }: SecondSnapshot): void {
    this.ok += ok
    this.failed += failed
    this.bytes += bytes
    if (latencies === '') return
    this.#sum += Math.round(sum * 1000)
    this.#min = Math.min(this.#min, Math.round(min * 1000))
    this.#max = Math.max(this.#max, Math.round(max * 1000))
    addLatencies(this.#latencies, latencies)
  }

  snapshot(): SecondSnapshot {
    const { ok, failed, bytes } = this
    const any = this.#latencies.size > 0
    return {
      ok,
      failed,
      bytes,
      sum: this.#sum / 1000,
      min: any ? this.#min / 1000 : 0,
      max: this.#max / 1000,
      latencies: [...this.#latencies]
        .sort(([a], [b]) => a - b)
        .map(([ms, count]) => (count === 1 ? String(ms) : `${ms}*${count}`))
        .join(' '),
    }
  }
}

/**
 * Adds the serialized latencies of a second to counts.
 *
 * @param times - how often; -1 removes them.
 */
export function addLatencies(counts: Map<number, number>, latencies: string, times: 1 | -1 = 1): void {
  for (const entry of latencies === '' ? [] : latencies.split(' ')) {
    const [ms, count = 1] = entry.split('*').map(Number) as [number, number?]
    const sum = (counts.get(ms) ?? 0) + times * count
    if (sum === 0) counts.delete(ms)
    else counts.set(ms, sum)
  }
}

/**
 * Percentiles of counted latencies, defined as in Locust: the longest latency that at most that share of the requests
 * is shorter than.
 *
 * @param percentiles - from 0 to 100, ascending.
 */
export function percentilesOf(counts: ReadonlyMap<number, number>, percentiles: readonly number[]): number[] {
  const sorted = [...counts].sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  let at = 0
  let shorter = 0
  return percentiles.map((percentile) => {
    const limit = Math.floor((total * percentile) / 100)
    while (at + 1 < sorted.length && shorter + (sorted[at]?.[1] ?? 0) <= limit) {
      shorter += sorted[at]?.[1] ?? 0
      at++
    }
    return sorted[at]?.[0] ?? 0
  })
}
