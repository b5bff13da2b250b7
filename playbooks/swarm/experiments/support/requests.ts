import type { Request } from './probe.ts'

/** How requests fared. */
export interface Fared {
  readonly sent: number
  readonly failed: number
  /**
   * Seconds of the longest stretch in which every request failed: from the first of them to the next that was answered.
   */
  readonly outage: number
  /** Of those answered, milliseconds that half and 95 in 100 took at most. */
  readonly median: number
  readonly p95: number
}

export function fared(requests: readonly Request[], untilSeconds = 0): Fared {
  const took = requests
    .filter(({ error }) => error === '')
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? Number.NaN
  return {
    sent: requests.length,
    failed: requests.length - took.length,
    outage: longestOutage(requests, untilSeconds),
    median: at(0.5),
    p95: at(0.95),
  }
}

function longestOutage(requests: readonly Request[], untilSeconds: number): number {
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

/** Increments: `unsure` were sent and not acknowledged, and may have counted all the same. */
export interface Increments {
  readonly acknowledged: number
  readonly unsure: number
  readonly added: number
  /** Acknowledged, and not there in the end. */
  readonly lost: number
}

export function increments(requests: readonly Request[], before: number, after: number): Increments {
  const posts = requests.filter(({ method }) => method === 'POST')
  const acknowledged = posts.filter(({ error }) => error === '').length
  const added = after - before
  return { acknowledged, unsure: posts.length - acknowledged, added, lost: Math.max(0, acknowledged - added) }
}

/** By the second: how many were answered and how many failed. */
export function bySecond(requests: readonly Request[]): { at: number; ok: number; failed: number }[] {
  const seconds = new Map<number, { ok: number; failed: number }>()
  for (const { at, error } of requests) {
    const second = Math.floor(at / 1000)
    const counted = seconds.get(second) ?? { ok: 0, failed: 0 }
    counted[error === '' ? 'ok' : 'failed'] += 1
    seconds.set(second, counted)
  }
  return [...seconds].sort(([a], [b]) => a - b).map(([at, counted]) => ({ at, ...counted }))
}

/** Why requests failed, most frequent first. */
export function reasons(requests: readonly Request[]): [why: string, times: number][] {
  const all = new Map<string, number>()
  for (const { error } of requests) if (error !== '') all.set(error, (all.get(error) ?? 0) + 1)
  return [...all].sort(([, a], [, b]) => b - a)
}

export const requestsCsv = (requests: readonly Request[]): string =>
  [
    'at_s,ms,door,method,status,replica,node,error',
    ...requests.map(({ at, ms, door, method, status, replica, node, error }) =>
      [(at / 1000).toFixed(3), ms.toFixed(1), door, method, status ?? '', replica, node, quoted(error)].join(','),
    ),
    '',
  ].join('\n')

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
