import { PERCENTILES, type Figures, type LoadResult } from './result.ts'

/** Locust's, so that what reads its files reads these. */
const COLUMNS = [
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
  ...PERCENTILES.map((p) => `${p}%`),
]

/**
 * Results as CSV with the columns of Locust's `stats.csv`: a row for each kind of request, and one for all of a result.
 *
 * @param results - under a name each, which stands before those of its rows; the empty name for a single result.
 */
export function csvOf(results: Readonly<Record<string, LoadResult>>): string {
  const rows = Object.entries(results).flatMap(([name, { kinds, total, seconds }]) =>
    [...kinds, total].map((figures) =>
      csvRow(name === '' ? figures : { ...figures, name: `${name}: ${figures.name}` }, seconds),
    ),
  )
  return [COLUMNS, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\n`).join('')
}

function csvRow(
  { method, name, requests, failures, latency, meanBytes }: Figures,
  seconds: number,
): (string | number)[] {
  const each = (count: number): number => (seconds > 0 ? count / seconds : 0)
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
    each(requests),
    each(failures),
    ...PERCENTILES.map((p) => at(latency, p)),
  ]
}

const csvCell = (cell: string | number): string => {
  if (typeof cell === 'number') return String(Math.round(cell * 1000) / 1000)
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

const at = ({ percentiles }: Figures['latency'], p: number): number => percentiles[String(p)] ?? 0

/** A result as text: what was asked for, what came of it, who answered, and what the generator needed for it. */
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
    `${plannedText(plan)}; ${seconds.toFixed(1)} s counted${ended === 'in time' ? '' : `: ended early, ${ended}`}`,
    '',
    ...columns([['REQUEST', 'COUNT', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'MAX MS', 'PER S'], ...rows]),
    '',
    `good answers/s: ${result.throughput.toFixed(1)}`,
    ...counted('statuses', statuses),
    ...counted('no answer', errors),
    ...counted('replicas', replicas),
    ...counted('nodes', nodes),
    `generator: ${Math.round(generator.cores * 100)} % of a core, busy ${Math.round(generator.busy * 100)} % of the time, ` +
      `late by ${generator.delay.p99.toFixed(0)} ms (p99)${lateP99 === undefined ? '' : `, requests sent ${lateP99.toFixed(1)} ms late (p99)`}`,
    ...(users === undefined
      ? []
      : [
          `users: ${users.users} with ${users.meanThink} s of thought and ${(users.meanLatency * 1000).toFixed(1)} ms of waiting ask for ${users.predicted.toFixed(1)}/s; ` +
            `measured ${users.measured.toFixed(1)}/s; at most ${users.most.toFixed(1)}/s`,
        ]),
  ].join('\n')
}

function plannedText(plan: LoadResult['plan']): string {
  switch (plan.way) {
    case 'closed':
      return `${plan.connections} connections, each with its next request as soon as the last is answered`
    case 'open':
      return `${plan.rate} requests/s, each at its moment`
    case 'users':
      return `${plan.users} users, ${plan.think[0]} to ${plan.think[1]} s between an answer and the next request`
  }
}

/** Cells in columns: the first to the left, numbers to the right. */
export function columns(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((cells) => String(cells[place] ?? '').length)))
  return rows.map((cells) =>
    cells
      .map((cell, place) =>
        place === 0 ? String(cell).padEnd(widths[place] ?? 0) : String(cell).padStart(widths[place] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

const counted = (title: string, counts: Readonly<Record<string, number>>): string[] =>
  Object.keys(counts).length === 0
    ? []
    : [
        `${title}: ${Object.entries(counts)
          .map(([key, count]) => `${key} ${count}`)
          .join(', ')}`,
      ]
