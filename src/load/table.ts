import { csvText } from '../text/csv.ts'
import type { Message, MessageList } from '../events/message.ts'
import { STATS_COLUMNS } from './locust.ts'
import { PERCENTILES, type Figures, type LoadResult } from './result.ts'
import { loadMessage } from './texts.ts'

/**
 * Formats results as CSV with the columns of Locust's `stats.csv`: a row per kind of request, and an aggregate per
 * result.
 *
 * @param results - by name, which prefixes the names of its rows; the empty name for a single result.
 */
export function csvOf(results: Readonly<Record<string, LoadResult>>): string {
  const rows = Object.entries(results).flatMap(([name, { kinds, total, seconds }]) =>
    [...kinds, total].map((figures) =>
      csvRow(name === '' ? figures : { ...figures, name: `${name}: ${figures.name}` }, seconds),
    ),
  )
  return csvText([STATS_COLUMNS, ...rows])
}

function csvRow(
  { method, name, requests, failures, latency, meanBytes }: Figures,
  seconds: number,
): (string | number)[] {
  const perSecond = (count: number): number => (seconds > 0 ? count / seconds : 0)
  return [
    method,
    name,
    requests,
    failures,
    at(latency, 50),
    latency.mean,
    latency.min,
    latency.max,
    meanBytes,
    perSecond(requests),
    perSecond(failures),
    ...PERCENTILES.map((p) => at(latency, p)),
  ].map((cell) => (typeof cell === 'number' ? Math.round(cell * 1000) / 1000 : cell))
}

const at = ({ percentiles }: Figures['latency'], p: number): number => percentiles[String(p)] ?? 0

/** A result as text: plan, statistics, replicas, resource use of the generator. */
export function resultMessage(result: LoadResult): MessageList {
  const { kinds, total, seconds, statuses, errors, replicas, nodes, generator, users, ended, plan, lateP99 } = result
  const rows = (kinds.length > 1 ? [...kinds, total] : kinds).map(({ method, name, requests, failures, latency }) => [
    `${method} ${name}`.trim(),
    requests,
    failures,
    ...[50, 95, 99, 100].map((p) => at(latency, p).toFixed(1)),
    (requests / (seconds || 1)).toFixed(1),
  ])
  const head = (['REQUEST', 'COUNT', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'MAX MS', 'PER S'] as const).map((title) =>
    loadMessage(title),
  )
  const measured = { plan: plannedMessage(plan), seconds: seconds.toFixed(1) }
  return joined([
    ended === 'in time'
      ? loadMessage('{plan}; {seconds} s measured', measured)
      : loadMessage('{plan}; {seconds} s measured, ended early: {why}', { ...measured, why: loadMessage(ended) }),
    '',
    { table: [head, ...rows], align: ['left', 'right'] },
    '',
    loadMessage('throughput: {rate} successful responses/s', { rate: result.throughput.toFixed(1) }),
    ...counted('statuses: {counts}', statuses),
    ...counted('errors: {counts}', errors),
    ...counted('replicas: {counts}', replicas),
    ...counted('nodes: {counts}', nodes),
    loadMessage('generator: {cores} % of a core, busy {busy} % of the time, lag {lag} ms (p99){late}', {
      cores: Math.round(generator.cores * 100),
      busy: Math.round(generator.busy * 100),
      lag: generator.delay.p99.toFixed(0),
      late: lateP99 === undefined ? '' : loadMessage(', requests sent {ms} ms late (p99)', { ms: lateP99.toFixed(1) }),
    }),
    ...(users === undefined ? [] : [usersMessage(users)]),
  ])
}

const joined = (list: MessageList['list'], separator = '\n'): MessageList => ({ list, separator })

const usersMessage = (users: NonNullable<LoadResult['users']>): Message =>
  loadMessage(
    'users: {users} with {think} s think time and {latency} ms latency; predicted {predicted}/s, measured {measured}/s, maximum {most}/s',
    {
      users: users.users,
      think: String(users.meanThink),
      latency: (users.meanLatency * 1000).toFixed(1),
      predicted: users.predicted.toFixed(1),
      measured: users.measured.toFixed(1),
      most: users.most.toFixed(1),
    },
  )

/** Model and size of a load: `100 users, think time 0.5 to 2 s`. */
export function plannedMessage(plan: LoadResult['plan']): Message {
  switch (plan.way) {
    case 'closed':
      return loadMessage('closed model, {n|connection|connections}', { n: plan.connections })
    case 'open':
      return loadMessage('open model, {rate} requests/s', { rate: plan.rate })
    case 'users':
      return loadMessage('{n|user|users}, think time {least} to {most} s', {
        n: plan.users,
        least: String(plan.think[0]),
        most: String(plan.think[1]),
      })
  }
}

const counted = (
  text: 'statuses: {counts}' | 'errors: {counts}' | 'replicas: {counts}' | 'nodes: {counts}',
  counts: Readonly<Record<string, number>>,
): Message[] =>
  Object.keys(counts).length === 0
    ? []
    : [
        loadMessage(text, {
          counts: joined(
            Object.entries(counts).map(([key, count]) => `${key} ${count}`),
            ', ',
          ),
        }),
      ]
