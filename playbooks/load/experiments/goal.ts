import type { Message, MessageTable } from 'labbook'
import { type LabContext, joinTexts, say, tableOf } from '../../messages/say.ts'
import {
  type GeneratorScheduling,
  generatorLimit,
  isFound,
  meetsGoal,
  nextRate,
  type RateFound,
  type RateGoal,
  type RatePoint,
} from 'labbook/load'
import { type LoadConditions, loadConditions } from '../budget.ts'
import { goalChart } from '../charts.ts'
import { configuredReplicas, scaleTo, stackContainers } from '../replicas.ts'
import type { LoadSettings } from '../settings.ts'
import { runTrial, type TrialRun } from '../trial.ts'
import { record } from './support.ts'
import { loadExperiment } from './load-experiment.ts'

/** The highest rate of requests whose p99 latency meets a goal, beside the throughput of a closed loop. */
export const loadGoal = loadExperiment(
  'Find the highest rate within a latency goal',
  {
    tag: 'load-goal',
    hypothesis:
      'At a fixed rate, latency rises slowly until the replicas are nearly at their limit, and then without bound. So the highest rate within a latency goal is at most about the throughput of a closed loop, in which requests wait for each other.',
    assertions: {},
    questions: { 'load.goal': 'A rate of requests is served with p99 latency within the goal' },
  },
  async (on, settings, scheduling) => {
    const { replicas } = configuredReplicas(on)
    const conditions = await loadConditions(on, settings, replicas, scheduling)
    if (conditions === undefined) return
    await searchRate(on, settings, replicas, conditions, scheduling)
  },
)

/** The search starts at this part of the closed-loop throughput. */
const FIRST = 0.5
/** Percentiles need more answers than throughputs. */
const LONGER = 1.5

async function searchRate(
  on: LabContext,
  settings: LoadSettings,
  replicas: number,
  { cpus, condition, evidence }: LoadConditions,
  scheduling: GeneratorScheduling,
): Promise<void> {
  await scaleTo(on, replicas, cpus)
  const common = { replicas, containers: await stackContainers(on), settings, scheduling }
  const times = { warmup: settings.warmupSeconds, reconnectEvery: settings.reconnectEvery }
  const closed = await runTrial(on, {
    ...common,
    name: say('closed loop, {n|connection|connections}', { n: settings.connections }),
    plan: { way: 'closed', connections: settings.connections, seconds: settings.trialSeconds, ...times },
  })
  const limits: RateGoal = {
    first: closed.result.throughput * FIRST,
    goalMs: settings.goalMs,
    failed: settings.failureLimit,
    max: closed.result.throughput * 2,
  }
  const points: RatePoint[] = []
  const trials: TrialRun[] = []
  let next = nextRate(points, limits)
  while (!isFound(next)) {
    const { rate } = next
    const trial = await runTrial(on, {
      ...common,
      name: say('{rate} requests/s', { rate }),
      plan: { way: 'open', rate, seconds: settings.trialSeconds * LONGER, ...times },
    })
    trials.push(trial)
    points.push(pointOf(trial, rate))
    next = nextRate(points, limits)
  }
  const exhibit = record(
    on,
    'Latency by rate',
    say('requests at fixed rates to {replicas|replica|replicas}; goal: p99 of {goal} ms{condition}', {
      replicas,
      goal: settings.goalMs,
      condition: condition === undefined ? '' : say(', {condition}', { condition }),
    }),
    rateTable(points, limits),
    [closed, ...trials],
    goalChart(points, settings.goalMs),
  )
  // A generator that lags sends late: such a trial says nothing about the servers.
  const issue = [closed, ...trials].flatMap(generatorIssues)[0]
  on.finding('load.goal', {
    holds: issue === undefined ? next.rate !== undefined : null,
    evidence: [exhibit, ...evidence],
    detail: issue === undefined ? foundMessage(next, settings.goalMs, closed.result.throughput, condition) : issue,
    ...(next.rate === undefined ? {} : { measured: { 'highest rate': [next.rate, 'requests/s'] } }),
  })
}

function generatorIssues({ name, result: { generator, lateP99 } }: TrialRun): Message[] {
  const limit = generatorLimit(generator, lateP99)
  return limit === undefined ? [] : [say('{trial}: load generator is the bottleneck: {limit}', { trial: name, limit })]
}

const pointOf = ({ result: { total } }: TrialRun, rate: number): RatePoint => ({
  rate,
  p99: total.latency.percentiles['99'] ?? 0,
  failed: total.requests === 0 ? 1 : total.failures / total.requests,
})

function foundMessage(
  { rate, missed }: RateFound,
  goalMs: number,
  throughput: number,
  condition: Message | undefined,
): Message {
  const goal = joinTexts([
    say('p99 within {goal} ms', { goal: goalMs }),
    ...(condition === undefined ? [] : [condition]),
  ])
  const closed = say('a closed loop reaches {throughput}/s', { throughput: throughput.toFixed(0) })
  if (rate === undefined) return say('no rate has {goal}; {closed}', { goal, closed })
  return say('{rate} requests/s with {goal}; {bound}; {closed}, of which this is {percent} %', {
    rate,
    goal,
    bound: missed === undefined ? say('no higher rate was tried') : say('{missed} missed it', { missed }),
    closed,
    percent: Math.round((rate / throughput) * 100),
  })
}

const rateTable = (points: readonly RatePoint[], limits: RateGoal): MessageTable =>
  tableOf(
    [
      [say('RATE/S'), say('P99 MS'), say('FAILED'), say('GOAL')],
      ...points.map((point) => [
        point.rate,
        point.p99.toFixed(0),
        `${(point.failed * 100).toFixed(1)} %`,
        meetsGoal(point, limits) ? say('met') : say('missed'),
      ]),
    ],
    ['right', 'right'],
  )
