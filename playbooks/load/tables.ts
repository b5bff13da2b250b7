import { messageText, tableLines, type Message } from 'labbook'
import { csvOf, type Fit, formatInterval, textOf } from 'labbook/load'
import { bottleneckText, type CpuUsage } from './bottleneck.ts'
import type { CapacityResult } from './scaling.ts'
import type { TrialRun } from './trial.ts'

/** Numbers are aligned to the right. */
const numbers = (rows: Parameters<typeof tableLines>[0]): string =>
  tableLines(rows, { align: ['left', 'right'] }).join('\n')

const ms = ({ result }: TrialRun, percentile: string): string =>
  (result.total.latency.percentiles[percentile] ?? 0).toFixed(0)

/** One row per trial. */
export function trialTable(trials: readonly TrialRun[]): string {
  return numbers([
    ['TRIAL', 'REPLICAS', 'SUCCESS/S', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'GENERATOR', 'MACHINE'],
    ...trials.map((trial) => {
      const { name, replicas, result, uses } = trial
      const machine = uses.find(({ kind }) => kind === 'machine')
      return [
        messageText(name),
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
  ])
}

const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`

/** CPU usage during a trial. */
export const cpuTable = (uses: readonly CpuUsage[]): string =>
  uses.length === 0
    ? 'no CPU usage sampled'
    : numbers([
        ['CPU OF', 'CORES', 'LIMIT', 'THROTTLED'],
        ...uses.map(({ kind, name, cores, limit, throttled }) => [
          `${kind} ${name}`,
          cores.toFixed(2),
          limit?.toFixed(2) ?? '',
          throttled === undefined ? '' : percent(throttled),
        ]),
      ])

/** Details of a trial: requests, CPU usage and bottleneck. */
export const trialDetails = ({ name, result, uses, bottleneck, issues }: TrialRun): string =>
  [
    messageText(name),
    '',
    textOf(result),
    '',
    cpuTable(uses),
    '',
    `bottleneck: ${messageText(bottleneckText(bottleneck))}`,
    ...issues.map((issue) => `warning: ${messageText(issue)}`),
  ].join('\n')

/** Capacity by number of replicas. */
export function capacityTable(steps: readonly CapacityResult[]): string {
  return numbers([
    ['REPLICAS', 'CAPACITY/S', 'AT CONNECTIONS', 'P95 MS', 'STOPPED BECAUSE', 'REPEATED'],
    ...steps.map(({ replicas, knee, stop, atKnee }) => [
      replicas,
      knee?.capacity.toFixed(1) ?? 'none',
      knee?.load ?? '',
      knee?.p95.toFixed(0) ?? '',
      STOPS[stop],
      atKnee.map(({ result }) => result.throughput.toFixed(0)).join(' '),
    ]),
  ])
}

const STOPS = {
  saturation: 'replicas used all CPU they may',
  throughput: 'throughput stopped rising',
  latency: 'latency above limit',
  failures: 'requests failed',
  ceiling: 'maximum connections',
} as const

/** A fitted law, or why it is inconclusive. */
export function lawText(name: string, { law, cannotTell }: Fit): string {
  if (law === undefined) return `${name}: inconclusive: ${messageText(cannotTell)}`
  const coherence = law.coherence.high === 0 ? '' : `, coherence ${formatInterval(law.coherence, 4)}`
  return `${name}: one replica ${formatInterval(law.rate, 0)} requests/s, contention ${formatInterval(law.contention, 3)}${coherence}; fit error ${percent(law.residual)}`
}

/** Texts in data files are English. */
const inEnglish = (_key: string, value: unknown): unknown => (isMessage(value) ? messageText(value) : value)

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'id' in value && 'values' in value

/** Results of trials as data files. */
export const trialData = (trials: readonly TrialRun[]) => [
  {
    name: 'requests.csv',
    text: csvOf(Object.fromEntries(trials.map(({ name, result }) => [messageText(name), result]))),
  },
  { name: 'trials.json', text: `${JSON.stringify(trials, inEnglish, 1)}\n` },
]
