import type { Message } from 'labbook'
import { say, type LabChart, verbatim } from '../messages/say.ts'
import type { RatePoint, ScalingLaw } from 'labbook/load'
import type { CapacityResult } from './scaling.ts'
import type { TrialRun } from './trial.ts'

const replicaLabel = (n: number): Message => say('{n|replica|replicas}', { n })
const latency = ({ result }: TrialRun, percentile: string): number => result.total.latency.percentiles[percentile] ?? 0

/** Throughput of each trial, in order of execution. */
export const trialsChart = (trials: readonly TrialRun[]): LabChart => ({
  kind: 'lines',
  title: 'Throughput of each trial, in order of execution',
  x: { label: 'trial' },
  y: { label: 'successful requests/s' },
  series: [...new Set(trials.map(({ replicas }) => replicas))].map((replicas) => ({
    name: replicaLabel(replicas),
    drawn: 'dots',
    points: trials.flatMap((trial, index): [number, number][] =>
      trial.replicas === replicas ? [[index + 1, trial.result.throughput]] : [],
    ),
  })),
})

/** Throughput by load, one curve per number of replicas, with its knee. */
export const loadChart = (steps: readonly CapacityResult[]): LabChart => ({
  kind: 'lines',
  title: 'Throughput by load',
  x: { label: 'connections', scale: 'log' },
  y: { label: 'successful requests/s' },
  series: steps.map(({ replicas, points }) => ({
    name: replicaLabel(replicas),
    points: points.map(({ load, throughput }) => [load, throughput] as const),
  })),
  marks: steps.flatMap(({ replicas, knee }) =>
    knee === undefined
      ? []
      : [{ axis: 'x' as const, at: knee.load, label: say('knee of {replicas}', { replicas: replicaLabel(replicas) }) }],
  ),
})

/** Latency by load, for one number of replicas. */
export const latencyChart = ({ replicas, trials }: CapacityResult): LabChart => ({
  kind: 'lines',
  title: say('Latency by load, {replicas}', { replicas: replicaLabel(replicas) }),
  x: { label: 'connections', scale: 'log' },
  y: { label: 'ms' },
  series: ['50', '95', '99'].map((percentile) => ({
    name: verbatim(`p${percentile}`),
    points: trials.flatMap((trial): [number, number][] =>
      trial.result.plan.way === 'closed' ? [[trial.result.plan.connections, latency(trial, percentile)]] : [],
    ),
  })),
})

/** Capacity by replicas, with the fitted law and its confidence band. */
export function scalingChart(
  measured: readonly { readonly replicas: number; readonly throughput: number }[],
  law: ScalingLaw | undefined,
): LabChart {
  const most = Math.max(...measured.map(({ replicas }) => replicas))
  const at = Array.from({ length: most * 4 - 3 }, (_, quarter) => 1 + quarter / 4)
  return {
    kind: 'lines',
    title: 'Capacity by replicas',
    x: { label: 'replicas' },
    y: { label: 'successful requests/s' },
    series: [
      {
        name: say('measured'),
        drawn: 'dots' as const,
        points: measured.map(({ replicas, throughput }) => [replicas, throughput] as const),
      },
      ...(law === undefined
        ? []
        : [
            {
              name: say('fitted law'),
              drawn: 'line' as const,
              points: at.map((replicas) => [replicas, law.at(replicas)] as const),
              band: at.map((replicas) => [replicas, ...law.between(replicas)] as const),
            },
          ]),
    ],
  }
}

/** Responses per second for users. */
export const usersChart = ({ replicas, result }: TrialRun): LabChart => ({
  kind: 'lines',
  title: say('{users|user|users}, {replicas|replica|replicas}: responses per second', {
    users: result.users?.users ?? 0,
    replicas,
  }),
  x: { label: 'seconds' },
  y: { label: 'responses' },
  series: [
    { name: say('successful'), points: result.perSecond.map(({ at, ok }) => [at, ok] as const) },
    ...(result.total.failures === 0
      ? []
      : [{ name: say('failed'), points: result.perSecond.map(({ at, failed }) => [at, failed] as const) }]),
  ],
  ...(result.users === undefined
    ? {}
    : { marks: [{ axis: 'y' as const, at: result.users.predicted, label: 'predicted' }] }),
})

/** p99 latency by rate, each trial a dot. */
export const goalChart = (points: readonly RatePoint[], goalMs: number): LabChart => ({
  kind: 'lines',
  title: 'p99 latency by rate',
  x: { label: 'requests/s' },
  y: { label: 'ms' },
  series: [{ name: verbatim('p99'), drawn: 'dots', points: points.map(({ rate, p99 }) => [rate, p99] as const) }],
  marks: [{ axis: 'y', at: goalMs, label: 'goal' }],
})
