import { messageText, type Message, type MessageList, type MessageTable } from 'labbook'
import { csvOf, type Fit, formatInterval, resultMessage } from 'labbook/load'
import { lines, say, tableOf, type PlainKey } from '../messages/say.ts'
import { bottleneckText, type CpuUsage } from './bottleneck.ts'
import type { CapacityResult } from './scaling.ts'
import type { TrialRun } from './trial.ts'

/** Numbers are aligned to the right. */
export const numbers = (titles: readonly PlainKey[], rows: MessageTable['table']): MessageTable =>
  tableOf([titles.map((title) => say(title)), ...rows], ['left', 'right'])

const ms = ({ result }: TrialRun, percentile: string): string =>
  (result.total.latency.percentiles[percentile] ?? 0).toFixed(0)

/** One row per trial. */
export const trialTable = (trials: readonly TrialRun[]): MessageTable =>
  numbers(
    ['TRIAL', 'REPLICAS', 'SUCCESS/S', 'FAILED', 'P50 MS', 'P95 MS', 'P99 MS', 'GENERATOR', 'MACHINE'],
    trials.map((trial) => {
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
  )

const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`

/** CPU usage during a trial. */
export const cpuTable = (uses: readonly CpuUsage[]): Message | MessageTable =>
  uses.length === 0
    ? say('no CPU usage sampled')
    : numbers(
        ['CPU OF', 'CORES', 'LIMIT', 'THROTTLED'],
        uses.map(({ kind, name, cores, limit, throttled }) => [
          say(KINDS[kind], { name }),
          cores.toFixed(2),
          limit?.toFixed(2) ?? '',
          throttled === undefined ? '' : percent(throttled),
        ]),
      )

const KINDS = {
  machine: 'machine {name}',
  container: 'container {name}',
  node: 'node {name}',
} as const

/** Details of a trial: requests, CPU usage and bottleneck. */
export const trialDetails = ({ name, result, uses, bottleneck, issues }: TrialRun): MessageList =>
  lines(
    name,
    '',
    resultMessage(result),
    '',
    cpuTable(uses),
    '',
    say('bottleneck: {what}', { what: bottleneckText(bottleneck) }),
    ...issues.map((issue) => say('warning: {issue}', { issue })),
  )

/** Capacity by number of replicas. */
export const capacityTable = (steps: readonly CapacityResult[]): MessageTable =>
  numbers(
    ['REPLICAS', 'CAPACITY/S', 'AT CONNECTIONS', 'P95 MS', 'STOPPED BECAUSE', 'REPEATED'],
    steps.map(({ replicas, knee, stop, atKnee }) => [
      replicas,
      knee?.capacity.toFixed(1) ?? say('none'),
      knee?.load ?? '',
      knee?.p95.toFixed(0) ?? '',
      say(STOPS[stop]),
      atKnee.map(({ result }) => result.throughput.toFixed(0)).join(' '),
    ]),
  )

const STOPS = {
  saturation: 'replicas used all CPU they may',
  throughput: 'throughput stopped rising',
  latency: 'latency above limit',
  failures: 'requests failed',
  ceiling: 'maximum connections',
} as const

/** A fitted law, or why it is inconclusive. */
export const lawText = (name: Message, { law, cannotTell }: Fit): Message =>
  say('{name}: {text}', {
    name,
    text:
      law === undefined
        ? say('inconclusive: {why}', { why: cannotTell })
        : say('one replica {rate} requests/s, contention {contention}{coherence}; fit error {error} %', {
            rate: formatInterval(law.rate, 0),
            contention: formatInterval(law.contention, 3),
            coherence:
              law.coherence.high === 0
                ? ''
                : say(', coherence {coherence}', { coherence: formatInterval(law.coherence, 4) }),
            error: Math.round(law.residual * 100),
          }),
  })

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
