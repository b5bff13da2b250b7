import { bottleneckMessage, comparisonMessage } from './messages.ts'
import type { Exhibit } from 'labbook'
import { type LabContext, lines, say, joinTexts } from '../../messages/say.ts'
import { type GeneratorScheduling, type Comparison, runUntilDecided, shareIssues } from 'labbook/load'
import { type LoadConditions, loadConditions } from '../budget.ts'
import { trialsChart } from '../charts.ts'
import { scaleTo, stackContainers } from '../replicas.ts'
import type { LoadSettings } from '../settings.ts'
import { trialTable } from '../tables.ts'
import { runTrial, type TrialRun } from '../trial.ts'
import type { StackContainer } from '../usage.ts'
import { record, recordTrial, warningLines } from './support.ts'
import { loadExperiment } from './load-experiment.ts'

/** Compares the capacity of 1 and 4 replicas in interleaved trials. */
export const loadCapacity = loadExperiment(
  'Compare capacity of 1 and 4 replicas',
  {
    tag: 'load-capacity',
    hypothesis:
      'Each replica has a CPU limit. While neither the machines nor the load balancer are saturated, four serve more than one: up to four times as much.',
    assertions: { 'load.share': 'Each of 4 replicas receives its share of the requests' },
    questions: { 'load.capacity.1-vs-4': '4 replicas serve more requests than 1' },
  },
  async (on, settings, scheduling) => {
    const conditions = await loadConditions(on, settings, MOST_REPLICAS, scheduling)
    if (conditions === undefined) return
    await compareCapacity(on, settings, conditions, scheduling)
  },
)

const MOST_REPLICAS = 4

async function compareCapacity(
  on: LabContext,
  settings: LoadSettings,
  { cpus, condition, evidence }: LoadConditions,
  scheduling: GeneratorScheduling,
): Promise<void> {
  const trials: TrialRun[] = []
  const running: Exhibit[] = []
  let current: { replicas: number; containers: readonly StackContainer[] } | undefined
  const { comparison: verdict } = await runUntilDecided(
    [1, MOST_REPLICAS],
    // Replicas with little CPU take seconds to start, and none to stop.
    { least: settings.trials, most: settings.maxTrials, within: settings.tolerance, secondFirst: true },
    async (replicas, number) => {
      if (current?.replicas !== replicas) {
        const exhibit = await scaleTo(on, replicas, cpus)
        current = { replicas, containers: await stackContainers(on) }
        if (running.length < 2) running.push(exhibit)
      }
      const trial = await runTrial(on, {
        name: say('trial {number}: {n|replica|replicas}', { number, n: replicas }),
        replicas,
        containers: current.containers,
        settings,
        scheduling,
        plan: {
          way: 'closed',
          connections: settings.connections,
          warmup: settings.warmupSeconds,
          seconds: settings.trialSeconds,
          reconnectEvery: settings.reconnectEvery,
        },
      })
      trials.push(trial)
      return { value: trial.result.throughput, issues: trial.issues }
    },
  )
  const of = (replicas: number): TrialRun[] => trials.filter((trial) => trial.replicas === replicas)
  const text = lines(
    trialTable(trials),
    '',
    say('verdict: {why}', { why: joinTexts([verdict.why, ...(condition === undefined ? [] : [condition])]) }),
    ...[1, MOST_REPLICAS].map((replicas) => bottleneckMessage(replicas, of(replicas))),
    ...warningLines(trials),
  )
  const exhibit = record(
    on,
    'Trials of 1 and 4 replicas',
    say('{n|trial|trials} of 1 and {replicas} replicas, interleaved, {connections} connections{condition}', {
      n: trials.length,
      replicas: MOST_REPLICAS,
      connections: settings.connections,
      condition: condition === undefined ? '' : say(', {condition}', { condition }),
    }),
    text,
    trials,
    trialsChart(trials),
  )
  const last = [of(1).at(-1), of(4).at(-1)].map((trial) => (trial === undefined ? [] : [recordTrial(on, trial)])).flat()
  on.finding('load.capacity.1-vs-4', {
    holds: holdsOf(verdict),
    evidence: [exhibit, ...last, ...running, ...evidence],
    detail: joinTexts(
      [
        joinTexts([comparisonMessage(verdict), ...(condition === undefined ? [] : [condition])]),
        ...[1, MOST_REPLICAS].map((replicas) => bottleneckMessage(replicas, of(replicas))),
      ],
      '. ',
    ),
    measured: {
      ...(verdict.ratio === undefined ? {} : { ratio: [verdict.ratio.estimate, ''] as const }),
      'RPS, 1 replica': [meanOf(of(1), ({ throughput }) => throughput), 'requests/s'],
      'RPS, 4 replicas': [meanOf(of(MOST_REPLICAS), ({ throughput }) => throughput), 'requests/s'],
      'p95, 1 replica': [meanOf(of(1), p95), 'ms'],
      'p95, 4 replicas': [meanOf(of(MOST_REPLICAS), p95), 'ms'],
    },
  })
  shareFinding(on, of(MOST_REPLICAS), [exhibit, ...last.slice(1)])
}

type Result = TrialRun['result']

const meanOf = (trials: readonly TrialRun[], pick: (result: Result) => number): number =>
  trials.reduce((sum, { result }) => sum + pick(result), 0) / trials.length

const p95 = ({ total }: Result): number => total.latency.percentiles['95'] ?? Number.NaN

const holdsOf = ({ answer }: Comparison): boolean | null => (answer === 'inconclusive' ? null : answer === 'more')

function shareFinding(on: LabContext, trials: readonly TrialRun[], evidence: readonly Exhibit[]): void {
  const unequal = trials.flatMap(({ name, result }) =>
    shareIssues(result.replicas, 4, 0.5).map((issue) => say('{trial}: {issue}', { trial: name, issue })),
  )
  const answered = trials.reduce(
    (sum, { result }) => sum + Object.values(result.replicas).reduce((all, count) => all + count, 0),
    0,
  )
  const shares = trials.flatMap(({ result }) =>
    Object.values(result.replicas).map((count) => (count / result.total.requests) * 4),
  )
  on.finding('load.share', {
    holds: answered === 0 ? null : unequal.length === 0,
    evidence,
    detail:
      answered === 0
        ? say('inconclusive: no response names its replica')
        : unequal[0] !== undefined
          ? unequal[0]
          : say('lowest share of a replica: {shares} % of an equal share ({answered} responses in {trials} trials)', {
              shares: Math.round(Math.min(...shares) * 100),
              answered,
              trials: trials.length,
            }),
  })
}
