import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Kind } from './plan.ts'
import { PERCENTILES, type Figures, type Latency, type LoadResult } from './result.ts'

/** The time that counts: milliseconds of `performance.now()`. */
export interface Window {
  readonly from: number
  readonly to: number
}

/** An answer, or why there was none. */
export type Outcome = Answer | NoAnswer

export interface Answer {
  readonly status: number
  readonly bytes: number
  readonly replica?: string | undefined
  readonly node?: string | undefined
}

export interface NoAnswer {
  readonly error: string
}

/** Why there was no answer, where the time was up. */
export const TIME_LIMIT = 'no answer within the time limit'
/** Due in an open load, and no room among those under way before its time was up. */
export const UNSENT = 'not sent in time: too many requests under way'

/** These took as long as it was waited for them; the others say nothing about time. */
const WAITED = new Set([TIME_LIMIT, UNSENT])

interface Row {
  readonly latency: Histogram
  requests: number
  failures: number
  bytes: number
  answers: number
}

/** A row as it travels; the latencies as HdrHistogram writes them down. */
type CountedRow = Omit<Row, 'latency'> & { readonly latency: string }

/** What a tally counted, as it travels from one machine to another. */
export interface Counted {
  readonly rows: readonly CountedRow[]
  readonly all: CountedRow
  readonly seconds: readonly { readonly ok: number; readonly failed: number }[]
  readonly statuses: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly replicas: Readonly<Record<string, number>>
  readonly nodes: Readonly<Record<string, number>>
}

/** Counts what came of requests. What does not belong to the time that counts is left out. */
export class Tally {
  readonly #kinds: readonly Kind[]
  readonly #rows: readonly Row[]
  readonly #all = row()
  readonly #statuses = new Map<string, number>()
  readonly #errors = new Map<string, number>()
  readonly #replicas = new Map<string, number>()
  readonly #nodes = new Map<string, number>()
  readonly #seconds: { ok: number; failed: number }[] = []
  readonly window: Window

  constructor(kinds: readonly Kind[], window: Window) {
    this.#kinds = kinds
    this.#rows = kinds.map(row)
    this.window = window
  }

  /**
   * @param kind - its place among the plan's kinds.
   * @param at - the moment that says whether it counts: when it was done, or in an open load when it was due.
   * @param latencyMs - how long it took, or was waited for.
   */
  add(kind: number, at: number, latencyMs: number, outcome: Outcome): void {
    const { from, to } = this.window
    if (at < from || at >= to) return
    const good = 'status' in outcome && outcome.status < 400
    const second = Math.floor((at - from) / 1000)
    const slot = (this.#seconds[second] ??= { ok: 0, failed: 0 })
    slot[good ? 'ok' : 'failed']++
    for (const into of [this.#rows[kind] as Row, this.#all]) {
      into.requests++
      if (!good) into.failures++
      // A quick refusal would make the percentiles look good, a request that was given up on must make them look bad.
      if (good || ('error' in outcome && WAITED.has(outcome.error)))
        into.latency.recordValue(Math.max(1, Math.round(latencyMs * 1000)))
      if ('status' in outcome) {
        into.answers++
        into.bytes += outcome.bytes
      }
    }
    if ('error' in outcome) return count(this.#errors, outcome.error)
    count(this.#statuses, String(outcome.status))
    if (!good) return
    if (outcome.replica !== undefined) count(this.#replicas, outcome.replica)
    if (outcome.node !== undefined) count(this.#nodes, outcome.node)
  }

  /** All that was counted, to be added up with what others counted at the same time. */
  dump(): Counted {
    const plain = ({ latency, ...counts }: Row): CountedRow => ({
      ...counts,
      latency: encodeIntoCompressedBase64(latency),
    })
    return {
      rows: this.#rows.map(plain),
      all: plain(this.#all),
      seconds: [...this.#seconds].map((slot) => slot ?? { ok: 0, failed: 0 }),
      statuses: sorted(this.#statuses),
      errors: sorted(this.#errors),
      replicas: sorted(this.#replicas),
      nodes: sorted(this.#nodes),
    }
  }

  /** Adds what another tally of the same kinds counted. */
  absorb({ rows, all, seconds, statuses, errors, replicas, nodes }: Counted): void {
    for (const [into, from] of [[this.#all, all], ...this.#rows.map((row, place) => [row, rows[place]])] as [
      Row,
      CountedRow,
    ][]) {
      into.latency.add(decodeFromCompressedBase64(from.latency))
      for (const count of ['requests', 'failures', 'bytes', 'answers'] as const) into[count] += from[count]
    }
    for (const [at, { ok, failed }] of seconds.entries()) {
      const slot = (this.#seconds[at] ??= { ok: 0, failed: 0 })
      slot.ok += ok
      slot.failed += failed
    }
    for (const [into, from] of [
      [this.#statuses, statuses],
      [this.#errors, errors],
      [this.#replicas, replicas],
      [this.#nodes, nodes],
    ] as const) {
      for (const [key, number] of Object.entries(from)) count(into, key, number)
    }
  }

  /** Good answers so far. */
  get good(): number {
    return this.#all.requests - this.#all.failures
  }

  /** @param until - where counting ended, if earlier than planned. */
  figures(until: number): Omit<LoadResult, 'plan' | 'start' | 'ended' | 'generator'> {
    const seconds = Math.max(0, Math.round(Math.min(until, this.window.to) - this.window.from)) / 1000
    const slots = Array.from({ length: Math.ceil(seconds) }, (_, at) => ({
      at,
      ...(this.#seconds[at] ?? { ok: 0, failed: 0 }),
    }))
    return {
      seconds,
      total: figuresOf('', 'Aggregated', this.#all),
      kinds: this.#kinds.map((kind, place) => figuresOf(kind.method, kind.path, this.#rows[place] as Row)),
      throughput: seconds > 0 ? this.good / seconds : 0,
      statuses: sorted(this.#statuses),
      errors: sorted(this.#errors),
      replicas: sorted(this.#replicas),
      nodes: sorted(this.#nodes),
      perSecond: slots,
    }
  }
}

// Microseconds with three digits, up to an hour: what takes longer has been given up on.
const row = (): Row => ({
  latency: build({ highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 }),
  requests: 0,
  failures: 0,
  bytes: 0,
  answers: 0,
})

const count = (into: Map<string, number>, key: string, number = 1): void =>
  void into.set(key, (into.get(key) ?? 0) + number)

const sorted = (counts: Map<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)))

const figuresOf = (method: string, name: string, { latency, requests, failures, bytes, answers }: Row): Figures => ({
  method,
  name,
  requests,
  failures,
  latency: latencyOf(latency),
  meanBytes: answers === 0 ? 0 : bytes / answers,
})

/** Milliseconds, of a histogram in microseconds. */
export function latencyOf(histogram: Histogram): Latency {
  // A percentile is the upper end of a bucket, which may lie above the largest value there was.
  const some = histogram.totalCount > 0
  const ms = (microseconds: number): number => (some ? Math.round(microseconds) / 1000 : 0)
  return {
    min: ms(histogram.minNonZeroValue),
    mean: ms(histogram.mean),
    max: ms(histogram.maxValue),
    percentiles: Object.fromEntries(
      PERCENTILES.map((p) => [String(p), ms(Math.min(histogram.getValueAtPercentile(p), histogram.maxValue))]),
    ),
  }
}
