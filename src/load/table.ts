import { csvText } from '../text/csv.ts'
import { tableLines } from '../text/table.ts'
import { STATS_COLUMNS } from './locust.ts'
import { PERCENTILES, type Figures, type LoadResult } from './result.ts'

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

/** Formats a result as text: plan, statistics, replicas, resource use of the generator. */
export function textOf(result: LoadResult): string {
  const { kinds, total, seconds, statuses, errors, replicas, nodes, generator, users, ended, plan, lateP99 } = result
  const rows = (kinds.length > 1 ? [...kinds, total] : kinds).map(({ method, name, requests, failures, latency }) => [
    `${method} ${name}`.trim(),
    requests,
    failures,
    ...[50, 95, 99, 100].map((p) => at(latency, p).toFixed(1)),
    (requests / (seconds || 1)).toFixed(1),
  ])
  return [
    `${plannedText(plan)}; ${seconds.toFixed(1)} s measured${ended === 'in time' ? '' : `, ended early: ${ended}`}`,
    '',
    ...tableLines([['REQUEST', 'COUNT', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'MAX MS', 'PER S'], ...rows], {
      align: ['left', 'right'],
    }),
    '',
    `throughput: ${result.throughput.toFixed(1)} successful responses/s`,
    ...counted('statuses', statuses),
    ...counted('errors', errors),
    ...counted('replicas', replicas),
    ...counted('nodes', nodes),
    `generator: ${Math.round(generator.cores * 100)} % of a core, busy ${Math.round(generator.busy * 100)} % of the time, ` +
      `lag ${generator.delay.p99.toFixed(0)} ms (p99)${lateP99 === undefined ? '' : `, requests sent ${lateP99.toFixed(1)} ms late (p99)`}`,
    ...(users === undefined
      ? []
      : [
          `users: ${users.users} with ${users.meanThink} s think time and ${(users.meanLatency * 1000).toFixed(1)} ms latency; predicted ${users.predicted.toFixed(1)}/s, ` +
            `measured ${users.measured.toFixed(1)}/s, maximum ${users.most.toFixed(1)}/s`,
        ]),
  ].join('\n')
}

/** Model and size of a load: `100 users, think time 0.5 to 2 s`. */
export function plannedText(plan: LoadResult['plan']): string {
  switch (plan.way) {
    case 'closed':
      return `closed model, ${plan.connections} connections`
    case 'open':
      return `open model, ${plan.rate} requests/s`
    case 'users':
      return `${plan.users} users, think time ${plan.think[0]} to ${plan.think[1]} s`
  }
}

const counted = (title: string, counts: Readonly<Record<string, number>>): string[] =>
  Object.keys(counts).length === 0
    ? []
    : [
        `${title}: ${Object.entries(counts)
          .map(([key, count]) => `${key} ${count}`)
          .join(', ')}`,
      ]
