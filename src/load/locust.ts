import { csvText } from '../text/csv.ts'
import { addLatencies, percentilesOf, roundedLatency } from './per-second.ts'
import type { Plan } from './plan.ts'
import { PERCENTILES, type Figures, type LoadResult } from './result.ts'

/*
 * The files of Locust 2.46 (`--csv`): columns, order, number formats and line ends are those of its `stats.py`, since
 * tools read them. Locust rounds the latencies of percentiles to two significant digits.
 */

const PERCENTILE_COLUMNS = PERCENTILES.map((p) => `${p}%`)

/** The columns of `_stats.csv`. */
export const STATS_COLUMNS = [
  'Type',
  'Name',
  'Request Count',
  'Failure Count',
  'Median Response Time',
  'Average Response Time',
  'Min Response Time',
  'Max Response Time',
  'Average Content Size',
  'Requests/s',
  'Failures/s',
  ...PERCENTILE_COLUMNS,
]

const HISTORY_COLUMNS = [
  'Timestamp',
  'User Count',
  'Type',
  'Name',
  'Requests/s',
  'Failures/s',
  ...PERCENTILE_COLUMNS,
  'Total Request Count',
  'Total Failure Count',
  'Total Median Response Time',
  'Total Average Response Time',
  'Total Min Response Time',
  'Total Max Response Time',
  'Total Average Content Size',
]

const FAILURES_COLUMNS = ['Method', 'Name', 'Error', 'Occurrences', 'First Seen', 'Last Seen']

/** Seconds over which Locust averages what it calls current. */
const RECENT_SECONDS = 10

/** The last ten seconds at the end of a second, and everything up to then. */
export interface RecentSeconds {
  /** Seconds since the start of the measurement. */
  readonly end: number
  readonly requestsPerSecond: number
  readonly failuresPerSecond: number
  /** In milliseconds, keyed as in `Latency`; undefined without a latency. */
  readonly percentiles: Readonly<Record<string, number>> | undefined
  readonly total: {
    readonly requests: number
    readonly failures: number
    readonly latencies: number
    readonly median: number
    readonly sum: number
    readonly min: number
    readonly max: number
    readonly bytes: number
  }
}

/** Requests per second and percentiles of the last ten seconds, second by second. */
export function recentSeconds({ perSecond, seconds }: Pick<LoadResult, 'perSecond' | 'seconds'>): RecentSeconds[] {
  const recent = new Map<number, number>()
  const all = new Map<number, number>()
  const window = { ok: 0, failed: 0 }
  const total = { requests: 0, failures: 0, latencies: 0, sum: 0, min: Infinity, max: 0, bytes: 0 }
  return perSecond.map((second, place) => {
    addLatencies(recent, second.latencies)
    addLatencies(all, second.latencies)
    window.ok += second.ok
    window.failed += second.failed
    const left = perSecond[place - RECENT_SECONDS]
    if (left !== undefined) {
      addLatencies(recent, left.latencies, -1)
      window.ok -= left.ok
      window.failed -= left.failed
    }
    total.requests += second.ok + second.failed
    total.failures += second.failed
    total.sum += second.sum
    total.bytes += second.bytes
    if (second.latencies !== '') total.min = Math.min(total.min, second.min)
    total.max = Math.max(total.max, second.max)
    const end = Math.min(second.at + 1, seconds)
    const length = end - Math.max(0, second.at + 1 - RECENT_SECONDS)
    return {
      end,
      requestsPerSecond: (window.ok + window.failed) / length,
      failuresPerSecond: window.failed / length,
      percentiles: recent.size === 0 ? undefined : keyed(percentilesOf(recent, PERCENTILES)),
      total: {
        ...total,
        latencies: [...all.values()].reduce((sum, count) => sum + count, 0),
        median: percentilesOf(all, [50])[0] ?? 0,
        min: all.size === 0 ? 0 : total.min,
      },
    }
  })
}

const keyed = (values: readonly number[]): Record<string, number> =>
  Object.fromEntries(PERCENTILES.map((p, place) => [String(p), values[place] ?? 0]))

/** Files of a load as Locust writes them: `PREFIX_stats.csv`, `PREFIX_stats_history.csv` and `PREFIX_failures.csv`. */
export const locustFiles = (prefix: string, result: LoadResult): { name: string; text: string }[] =>
  (
    [
      ['stats', STATS_COLUMNS, statsRows(result)],
      ['stats_history', HISTORY_COLUMNS, historyRows(result)],
      ['failures', FAILURES_COLUMNS, failureRows(result)],
    ] as const
  ).map(([name, columns, rows]) => ({ name: `${prefix}_${name}.csv`, text: csvText([columns, ...rows], '\r\n') }))

type Cells = readonly (string | number)[]

/** Sorted by name and method, as in Locust; the aggregate is last. */
const statsRows = (result: LoadResult): Cells[] =>
  [...result.kinds]
    .sort(byName)
    .concat(result.total)
    .map((figures) => statsRow(figures, result))

function statsRow(
  { method, name, requests, failures, latency, meanBytes }: Figures,
  { seconds, total, failures: failed }: LoadResult,
): Cells {
  const { min, mean, max } = latency
  // Per request, whether or not there was a response.
  const unanswered = failed
    .filter(
      ({ status, ...one }) =>
        status === undefined && (name === total.name || (one.name === name && one.method === method)),
    )
    .reduce((sum, { occurrences }) => sum + occurrences, 0)
  return [
    method,
    name,
    requests,
    failures,
    median(roundedLatency(at(latency, 50)), min, max),
    float(mean),
    max === 0 ? 0 : float(min),
    max === 0 ? 0 : float(max),
    float(requests === 0 ? 0 : (meanBytes * (requests - unanswered)) / requests),
    float(seconds > 0 ? requests / seconds : 0),
    float(seconds > 0 ? failures / seconds : 0),
    ...(requests === 0 ? NOT_AVAILABLE : PERCENTILES.map((p) => roundedLatency(at(latency, p)))),
  ]
}

/** A row per second, of all kinds together. */
const historyRows = (result: LoadResult): Cells[] =>
  recentSeconds(result).map(({ end, requestsPerSecond, failuresPerSecond, percentiles, total }) => [
    Math.floor(Date.parse(result.start) / 1000 + end),
    userCount(result.plan),
    '',
    result.total.name,
    requestsPerSecond.toFixed(6),
    failuresPerSecond.toFixed(6),
    ...(total.requests === 0 ? NOT_AVAILABLE : PERCENTILES.map((p) => percentiles?.[String(p)] ?? 0)),
    total.requests,
    total.failures,
    median(total.median, total.min, total.max),
    float(total.latencies === 0 ? 0 : total.sum / total.latencies),
    total.max === 0 ? 0 : float(total.min),
    total.max === 0 ? 0 : float(total.max),
    float(total.requests === 0 ? 0 : total.bytes / total.requests),
  ])

const failureRows = ({ failures, start }: LoadResult): Cells[] => {
  // Whole seconds, UTC: 2026-01-31T12:00:00Z.
  const time = (seconds: number): string =>
    `${new Date(Date.parse(start) + seconds * 1000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
  return [...failures]
    .sort(byName)
    .map(({ method, name, error, occurrences, first, last }) => [
      method,
      name,
      error,
      occurrences,
      time(first),
      time(last),
    ])
}

const NOT_AVAILABLE = PERCENTILES.map(() => 'N/A')

const at = ({ percentiles }: Figures['latency'], p: number): number => percentiles[String(p)] ?? 0

/** Locust's median is rounded, but not below the minimum or above the maximum, which are exact. */
const median = (rounded: number, min: number, max: number): string | number =>
  rounded > max ? float(max) : rounded < min ? float(min) : rounded

/** As Python writes a floating point number: `100.0`. */
const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value))

/** An open load has no users; neither has Locust a number for it. */
const userCount = (plan: Plan): number =>
  plan.way === 'users' ? plan.users : plan.way === 'closed' ? plan.connections : 0

/** By code points, as Python sorts. */
const byName = <T extends { readonly name: string; readonly method: string }>(a: T, b: T): number =>
  a.name === b.name ? compareTexts(a.method, b.method) : compareTexts(a.name, b.name)

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
