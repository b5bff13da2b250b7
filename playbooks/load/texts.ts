import { columns, csvOf, shown, textOf, type Fitted } from '../../src/load/index.ts'
import type { CpuUse } from './bottleneck.ts'
import type { Step } from './scaling.ts'
import type { TrialRun } from './trial.ts'

const ms = ({ result }: TrialRun, percentile: string): string =>
  (result.total.latency.percentiles[percentile] ?? 0).toFixed(0)

/** A row for each trial. */
export function trialTable(trials: readonly TrialRun[]): string {
  return columns([
    ['TRIAL', 'REPLICAS', 'GOOD/S', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'GENERATOR', 'MACHINE'],
    ...trials.map((trial) => {
      const { name, replicas, result, uses } = trial
      const machine = uses.find(({ kind }) => kind === 'machine')
      return [
        name,
        replicas,
        result.throughput.toFixed(1),
        result.total.failures,
        ms(trial, '50'),
        ms(trial, '95'),
        ms(trial, '99'),
        percent(result.generator.cores),
        machine === undefined ? '?' : percent(machine.cores / (machine.limit ?? 1)),
      ]
    }),
  ]).join('\n')
}

const percent = (part: number): string => `${Math.round(part * 100)} %`

/** The CPU of everything during a trial. */
export const cpuTable = (uses: readonly CpuUse[]): string =>
  uses.length === 0
    ? 'no CPU use was sampled'
    : columns([
        ['CPU OF', 'CORES', 'OF', 'HELD BACK'],
        ...uses.map(({ kind, name, cores, limit, throttled }) => [
          `${kind} ${name}`,
          cores.toFixed(2),
          limit?.toFixed(2) ?? '',
          throttled === undefined ? '' : percent(throttled),
        ]),
      ]).join('\n')

/** A trial in full: its requests, the CPU under it, and what that says. */
export const trialText = ({ name, result, uses, bottleneck, doubts }: TrialRun): string =>
  [
    name,
    '',
    textOf(result),
    '',
    cpuTable(uses),
    '',
    `bottleneck: ${bottleneck.what === undefined ? '' : `${bottleneck.what}: `}${bottleneck.why}`,
    ...doubts.map((doubt) => `doubt: ${doubt}`),
  ].join('\n')

/** What each number of replicas came to. */
export function capacityTable(steps: readonly Step[]): string {
  return columns([
    ['REPLICAS', 'CAPACITY/S', 'AT CONNECTIONS', 'P95 MS', 'RAISED UNTIL', 'MEASURED AGAIN'],
    ...steps.map(({ replicas, knee, stop, atKnee }) => [
      replicas,
      knee?.capacity.toFixed(1) ?? 'none',
      knee?.load ?? '',
      knee?.p95.toFixed(0) ?? '',
      STOPS[stop],
      atKnee.map(({ result }) => result.throughput.toFixed(0)).join(' '),
    ]),
  ]).join('\n')
}

const STOPS = {
  throughput: 'throughput rose no more',
  latency: 'answers took too long',
  failures: 'requests failed',
  ceiling: 'the most connections',
} as const

/** A law that was fitted, or why none was. */
export function lawText(name: string, { law, cannotTell }: Fitted): string {
  if (law === undefined) return `${name}: cannot tell: ${cannotTell}`
  const coherence = law.coherence.high === 0 ? '' : `, coherence ${shown(law.coherence, 4)}`
  return `${name}: one replica ${shown(law.rate, 0)} answers/s, contention ${shown(law.contention, 3)}${coherence}; the curve misses by ${percent(law.misses)}`
}

/** The numbers of trials for other programs. */
export const trialData = (trials: readonly TrialRun[]) => [
  { name: 'requests.csv', text: csvOf(Object.fromEntries(trials.map(({ name, result }) => [name, result]))) },
  { name: 'trials.json', text: `${JSON.stringify(trials, null, 1)}\n` },
]
