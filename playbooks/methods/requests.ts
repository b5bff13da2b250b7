import { csvText } from 'labbook'
import type { RequestResult } from './steady-probe.ts'

/** Statistics of a set of requests. */
export interface RequestStats {
  readonly sent: number
  readonly failed: number
  /** Longest outage in seconds: from the first failed request to the next successful one. */
  readonly outage: number
  /** Latency percentiles of successful requests, in milliseconds. */
  readonly median: number
  readonly p95: number
}

export function requestStats(requests: readonly RequestResult[], untilSeconds = 0): RequestStats {
  const latencies = requests
    .filter(({ error }) => error === '')
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  const percentile = (fraction: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(fraction * latencies.length))] ?? Number.NaN
  return {
    sent: requests.length,
    failed: requests.length - latencies.length,
    outage: longestOutage(requests, untilSeconds),
    median: percentile(0.5),
    p95: percentile(0.95),
  }
}

function longestOutage(requests: readonly RequestResult[], untilSeconds: number): number {
  let longest = 0
  let since: number | undefined
  for (const { at, error } of requests) {
    if (error !== '') since ??= at
    else if (since !== undefined) {
      longest = Math.max(longest, at - since)
      since = undefined
    }
  }
  if (since !== undefined) longest = Math.max(longest, Math.max(untilSeconds * 1000, requests.at(-1)?.at ?? 0) - since)
  return longest / 1000
}

/** Increments. Indeterminate ones were sent and not acknowledged; they may have been applied. */
export interface Increments {
  readonly acknowledged: number
  readonly indeterminate: number
  readonly added: number
  /** Acknowledged, but missing from the final count. */
  readonly lost: number
}

export function increments(requests: readonly RequestResult[], before: number, after: number): Increments {
  const posts = requests.filter(({ method }) => method === 'POST')
  const acknowledged = posts.filter(({ error }) => error === '').length
  const added = after - before
  return { acknowledged, indeterminate: posts.length - acknowledged, added, lost: Math.max(0, acknowledged - added) }
}

/** Successful and failed requests per second. */
export function bySecond(requests: readonly RequestResult[]): { at: number; ok: number; failed: number }[] {
  const seconds = new Map<number, { ok: number; failed: number }>()
  for (const { at, error } of requests) {
    const second = Math.floor(at / 1000)
    const counted = seconds.get(second) ?? { ok: 0, failed: 0 }
    counted[error === '' ? 'ok' : 'failed'] += 1
    seconds.set(second, counted)
  }
  return [...seconds].sort(([a], [b]) => a - b).map(([at, counted]) => ({ at, ...counted }))
}

/** Errors of failed requests, most frequent first. */
export function errorCounts(requests: readonly RequestResult[]): [error: string, count: number][] {
  const all = new Map<string, number>()
  for (const { error } of requests) if (error !== '') all.set(error, (all.get(error) ?? 0) + 1)
  return [...all].sort(([, a], [, b]) => b - a)
}

/** Name of an address in tables: its node; with several probes `node1:8080/health`. */
export function addressNames(requests: readonly RequestResult[]): (request: RequestResult) => string {
  const isOne = new Set(requests.map(({ probe }) => probe)).size <= 1
  return ({ endpoint, probe }) => (isOne ? endpoint : `${endpoint}:${probe}`)
}

/** The requests as CSV. */
export function requestsCsv(requests: readonly RequestResult[]): string {
  const nameOf = addressNames(requests)
  return csvText([
    // oxlint-disable-next-line labbook/terms -- the column's name, which readers of earlier runs know
    ['at_s', 'ms', 'door', 'method', 'status', 'replica', 'node', 'error'],
    ...requests.map((request) => [
      (request.at / 1000).toFixed(3),
      request.ms.toFixed(1),
      nameOf(request),
      request.method,
      request.status,
      request.replica,
      request.node,
      request.error,
    ]),
  ])
}
