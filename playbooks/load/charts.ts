import type { Chart } from '../../src/labbook.ts'
import type { Law } from '../../src/load/index.ts'
import type { Step } from './scaling.ts'
import type { TrialRun } from './trial.ts'

const named = (replicas: number): string => `${replicas} replica${replicas === 1 ? '' : 's'}`
const p = ({ result }: TrialRun, percentile: string): number => result.total.latency.percentiles[percentile] ?? 0

/** Throughput of each trial, in the order they were made. */
export const trialsChart = (trials: readonly TrialRun[]): Chart => ({
  kind: 'lines',
  title: 'Throughput of each trial, in the order they were made',
  x: { label: 'trial' },
  y: { label: 'good answers/s' },
  series: [...new Set(trials.map(({ replicas }) => replicas))].map((replicas) => ({
    name: named(replicas),
    drawn: 'dots',
    points: trials.flatMap((trial, place): [number, number][] =>
      trial.replicas === replicas ? [[place + 1, trial.result.throughput]] : [],
    ),
  })),
})

/** Throughput against load, a curve for each number of replicas, with its knee. */
export const loadChart = (steps: readonly Step[]): Chart => ({
  kind: 'lines',
  title: 'Throughput against load',
  x: { label: 'connections', scale: 'log' },
  y: { label: 'good answers/s' },
  series: steps.map(({ replicas, points }) => ({
    name: named(replicas),
    points: points.map(({ load, throughput }) => [load, throughput] as const),
  })),
  marks: steps.flatMap(({ replicas, knee }) =>
    knee === undefined ? [] : [{ axis: 'x' as const, at: knee.load, label: `knee of ${named(replicas)}` }],
  ),
})

/** Latencies against load, of one number of replicas. */
export const latencyChart = ({ replicas, trials }: Step): Chart => ({
  kind: 'lines',
  title: `Latency against load, ${named(replicas)}`,
  x: { label: 'connections', scale: 'log' },
  y: { label: 'ms' },
  series: ['50', '95', '99'].map((percentile) => ({
    name: `p${percentile}`,
    points: trials.flatMap((trial): [number, number][] =>
      trial.result.plan.way === 'closed' ? [[trial.result.plan.connections, p(trial, percentile)]] : [],
    ),
  })),
})

/** Capacity against replicas, with the law that was fitted and what it may as well be. */
export function scalingChart(
  measured: readonly { readonly replicas: number; readonly throughput: number }[],
  law: Law | undefined,
): Chart {
  const most = Math.max(...measured.map(({ replicas }) => replicas))
  const at = Array.from({ length: most * 4 - 3 }, (_, quarter) => 1 + quarter / 4)
  return {
    kind: 'lines',
    title: 'Capacity against replicas',
    x: { label: 'replicas' },
    y: { label: 'good answers/s' },
    series: [
      {
        name: 'measured',
        drawn: 'dots',
        points: measured.map(({ replicas, throughput }) => [replicas, throughput] as const),
      },
      ...(law === undefined
        ? []
        : [
            {
              name: 'fitted law',
              drawn: 'line' as const,
              points: at.map((replicas) => [replicas, law.at(replicas)] as const),
              band: at.map((replicas) => [replicas, ...law.between(replicas)] as const),
            },
          ]),
    ],
  }
}

/** Requests by second, of users. */
export const usersChart = ({ name, result }: TrialRun): Chart => ({
  kind: 'lines',
  title: `${name}: answers by second`,
  x: { label: 'seconds' },
  y: { label: 'answers' },
  series: [
    { name: 'good', points: result.perSecond.map(({ at, ok }) => [at, ok] as const) },
    ...(result.total.failures === 0
      ? []
      : [{ name: 'failed', points: result.perSecond.map(({ at, failed }) => [at, failed] as const) }]),
  ],
  ...(result.users === undefined
    ? {}
    : { marks: [{ axis: 'y' as const, at: result.users.predicted, label: 'predicted' }] }),
})
