import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { FailureCounts, type FailureSnapshot } from './failures.ts'
import type { Kind } from './plan.ts'
import { SecondCounts, type SecondSnapshot } from './per-second.ts'
import { PERCENTILES, type Figures, type Latency, type LoadResult } from './result.ts'

/** The measurement window, in milliseconds of `performance.now()`. */
export interface Window {
  readonly from: number
  readonly to: number
}

/** The outcome of a request. */
export type RequestOutcome = ResponseOutcome | FailedOutcome

export interface ResponseOutcome {
  readonly status: number
  readonly bytes: number
  readonly replica?: string | undefined
  readonly node?: string | undefined
}

export interface FailedOutcome {
  readonly error: string
}

/** Error of a request that timed out. */
export const TIMED_OUT = 'request timed out'
/** Error of a request of an open load that timed out in the queue. */
export const TIMED_OUT_UNSENT = 'timed out before sending: too many concurrent requests'

/** Errors whose duration is a latency. */
const TIMEOUTS = new Set([TIMED_OUT, TIMED_OUT_UNSENT])

interface Row {
  readonly latency: Histogram
  requests: number
  failures: number
  bytes: number
  answers: number
}

/** A serialized row, with the encoded histogram. */
type CountedRow = Omit<Row, 'latency'> & { readonly latency: string }

/** A serialized tally. */
export interface TallySnapshot {
  readonly rows: readonly CountedRow[]
  readonly all: CountedRow
  readonly seconds: readonly SecondSnapshot[]
  readonly failures: readonly FailureSnapshot[]
  readonly statuses: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  readonly replicas: Readonly<Record<string, number>>
  readonly nodes: Readonly<Record<string, number>>
}

/** How a load goes on. */
export interface LoadProgress {
  /** Successful responses in the last whole second. */
  readonly perSecond: number
  /** Of all requests so far, in milliseconds. */
  readonly p95: number
  readonly failures: number
  /** Replicas that answered since the last report; 0 if responses do not name them. */
  readonly replicas: number
}

/** Counts outcomes within the measurement window. */
export class Tally {
  readonly #kinds: readonly Kind[]
  readonly #rows: readonly Row[]
  readonly #all = row()
  readonly #statuses = new Map<string, number>()
  readonly #errors = new Map<string, number>()
  readonly #replicas = new Map<string, number>()
  readonly #nodes = new Map<string, number>()
  /** Those that answered since the last {@link progress}. */
  readonly #answering = new Set<string>()
  /** Sparse: seconds without requests are missing. */
  readonly #seconds: (SecondCounts | undefined)[] = []
  readonly #failures: FailureCounts
  readonly window: Window

  constructor(kinds: readonly Kind[], window: Window) {
    this.#kinds = kinds
    this.#rows = kinds.map(row)
    this.#failures = new FailureCounts(kinds)
    this.window = window
  }

  /**
   * @param kind - index in the plan's kinds.
   * @param at - completion time, or in an open load the due time.
   * @param latencyMs - duration, or time until the timeout.
   */
  add(kind: number, at: number, latencyMs: number, outcome: RequestOutcome): void {
    const { from, to } = this.window
    if (at < from || at >= to) return
    const good = 'status' in outcome && outcome.status < 400
    const second = Math.floor((at - from) / 1000)
    const slot = (this.#seconds[second] ??= new SecondCounts())
    slot[good ? 'ok' : 'failed']++
    // A fast failure would improve the percentiles; a timeout must count.
    const counts = good || ('error' in outcome && TIMEOUTS.has(outcome.error))
    const microseconds = Math.max(1, Math.round(latencyMs * 1000))
    if (counts) slot.addLatency(microseconds)
    if ('status' in outcome) slot.bytes += outcome.bytes
    if (!good) this.#failures.add(kind, outcome, Math.round(at - from))
    for (const into of [this.#rows[kind] as Row, this.#all]) {
      into.requests++
      if (!good) into.failures++
      if (counts) into.latency.recordValue(microseconds)
      if ('status' in outcome) {
        into.answers++
        into.bytes += outcome.bytes
      }
    }
    if ('error' in outcome) {
      count(this.#errors, outcome.error)
      return
    }
    count(this.#statuses, String(outcome.status))
    if (!good) return
    if (outcome.replica !== undefined) {
      count(this.#replicas, outcome.replica)
      this.#answering.add(outcome.replica)
    }
    if (outcome.node !== undefined) count(this.#nodes, outcome.node)
  }

  /** Serializes the counts, to merge them with those of other generators. */
  dump(): TallySnapshot {
    const plain = ({ latency, ...counts }: Row): CountedRow => ({
      ...counts,
      latency: encodeIntoCompressedBase64(latency),
    })
    return {
      rows: this.#rows.map(plain),
      all: plain(this.#all),
      seconds: [...this.#seconds].map((slot) => (slot ?? EMPTY).snapshot()),
      failures: this.#failures.dump(),
      statuses: sorted(this.#statuses),
      errors: sorted(this.#errors),
      replicas: sorted(this.#replicas),
      nodes: sorted(this.#nodes),
    }
  }

  /** Adds the counts of another tally of the same kinds. */
  merge({ rows, all, seconds, failures, statuses, errors, replicas, nodes }: TallySnapshot): void {
    for (const [into, from] of [[this.#all, all], ...this.#rows.map((row, place) => [row, rows[place]])] as [
      Row,
      CountedRow,
    ][]) {
      into.latency.add(decodeFromCompressedBase64(from.latency))
      for (const count of ['requests', 'failures', 'bytes', 'answers'] as const) into[count] += from[count]
    }
    for (const [at, second] of seconds.entries()) (this.#seconds[at] ??= new SecondCounts()).merge(second)
    this.#failures.merge(failures)
    for (const [into, from] of [
      [this.#statuses, statuses],
      [this.#errors, errors],
      [this.#replicas, replicas],
      [this.#nodes, nodes],
    ] as const) {
      for (const [key, number] of Object.entries(from)) count(into, key, number)
    }
  }

  /** Successful responses so far. */
  get successful(): number {
    return this.#all.requests - this.#all.failures
  }

  /** Undefined before the first whole second of the measurement. @param now - as the window. */
  progress(now: number): LoadProgress | undefined {
    const second = Math.floor((now - this.window.from) / 1000) - 1
    if (second < 0) return undefined
    const replicas = this.#answering.size
    this.#answering.clear()
    return {
      perSecond: this.#seconds[second]?.ok ?? 0,
      p95: latencyOf(this.#all.latency).percentiles['95'] ?? 0,
      failures: this.#all.failures,
      replicas,
    }
  }

  /** @param until - end of the measurement, if earlier than planned. */
  figures(until: number): Omit<LoadResult, 'plan' | 'start' | 'ended' | 'generator'> {
    const seconds = Math.max(0, Math.round(Math.min(until, this.window.to) - this.window.from)) / 1000
    const slots = Array.from({ length: Math.ceil(seconds) }, (_, at) => ({
      at,
      ...(this.#seconds[at] ?? EMPTY).snapshot(),
    }))
    return {
      seconds,
      total: figuresOf('', 'Aggregated', this.#all),
      kinds: this.#kinds.map((kind, place) => figuresOf(kind.method, kind.path, this.#rows[place] as Row)),
      throughput: seconds > 0 ? this.successful / seconds : 0,
      statuses: sorted(this.#statuses),
      errors: sorted(this.#errors),
      failures: this.#failures.list(),
      replicas: sorted(this.#replicas),
      nodes: sorted(this.#nodes),
      perSecond: slots,
    }
  }
}

/** A second without requests. */
const EMPTY = new SecondCounts()

// Microseconds with three significant digits, up to an hour.
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

/** Converts a histogram in microseconds. */
export function latencyOf(histogram: Histogram): Latency {
  // A percentile is the upper bound of a bucket, which may exceed the maximum.
  const hasValues = histogram.totalCount > 0
  const ms = (microseconds: number): number => (hasValues ? Math.round(microseconds) / 1000 : 0)
  return {
    min: ms(histogram.minNonZeroValue),
    mean: ms(histogram.mean),
    max: ms(histogram.maxValue),
    percentiles: Object.fromEntries(
      PERCENTILES.map((p) => [String(p), ms(Math.min(histogram.getValueAtPercentile(p), histogram.maxValue))]),
    ),
  }
}
