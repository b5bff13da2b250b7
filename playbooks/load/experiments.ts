import { disturbAll, type Disturbs, type Exhibit, experiment, type ExperimentContext } from 'labbook'
import {
  compare,
  type Comparison,
  type Fit,
  fitLaw,
  formatInterval,
  generatorLimit,
  interleaved,
  peakOf,
  shareIssues,
} from 'labbook/load'
import { latencyChart, loadChart, scalingChart, trialsChart, usersChart } from './charts.ts'
import { assertDeployed, stackContainers, configuredReplicas, restoreReplicas, scaleTo } from './replicas.ts'
import { generatorHosts } from './generators.ts'
import { findCapacity, type CapacityResult } from './scaling.ts'
import { loadSettings, type LoadSettings } from './settings.ts'
import { skipIfTooSlow } from './slow-hosts.ts'
import { capacityTable, lawText, trialData, trialTable, trialDetails } from './tables.ts'
import { runTrial, type TrialRun } from './trial.ts'
import { sampleCpu } from './usage.ts'

const HOSTS = 'swarm_managers[0]'
const settingsOf = (on: ExperimentContext): LoadSettings =>
  loadSettings(on.hostvars(on.hosts[0] as string), on.timeoutMultiplier)
/** Hosts whose CPU is sampled: load generators and nodes. */
const sampledHosts = (on: Pick<ExperimentContext, 'groups'>): string[] => {
  const senders = generatorHosts(on)
  return [...(senders.length === 0 ? ['controller'] : senders), ...(on.groups.swarm ?? [])]
}

const underLoad =
  (what: string): Disturbs =>
  (on) => [
    ...disturbAll(on.groups.swarm ?? [], what),
    ...disturbAll(generatorHosts(on), 'sends the requests of a load test'),
  ]

/** Closed-loop users with think time, as in Locust: do they limit the throughput? */
const users = experiment(
  'Load the app with users with think time',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-users', 'proof'],
    disturbs: underLoad('receives a load test'),
    hypothesis:
      'A user with think time sends at most 1 / (think time + latency) requests per second. While latency is short compared to think time, throughput is ' +
      'the number of users divided by their think time, whatever the server.',
    assertions: {},
    questions: {
      'load.users.100': '100 users with a think time of 0.5 to 2 s, not the app, limit the throughput',
      'load.users.500': '500 users with a think time of 0.5 to 2 s, not the app, limit the throughput',
    },
    steadyState: assertDeployed,
  },
  async (on) => {
    if (await skipIfTooSlow(on)) return
    const settings = settingsOf(on)
    const { replicas } = configuredReplicas(on)
    const tasks = await stackContainers(on)
    await sampleCpu(on, sampledHosts(on), async (between) => {
      for (const count of [100, 500] as const) {
        const trial = await runTrial(
          on,
          {
            name: `${count} users`,
            replicas,
            containers: tasks,
            failed: settings.failureLimit,
            plan: { way: 'users', users: count, warmup: settings.warmupSeconds + 2, seconds: settings.usersSeconds },
          },
          between,
        )
        const exhibit = record(
          on,
          `${count} users with think time`,
          `${count} users for ${settings.usersSeconds} s, think time 0.5 to 2 s`,
          trialDetails(trial),
          [trial],
          { chart: usersChart(trial) },
        )
        const model = trial.result.users
        on.finding(`load.users.${count}`, {
          holds: model?.setByUsers ?? null,
          evidence: [exhibit],
          detail:
            model === undefined
              ? 'no users'
              : `measured ${model.measured.toFixed(1)} requests/s, predicted ${model.predicted.toFixed(1)}, at most ${model.most.toFixed(1)}: ${model.why}`,
          ...(model === undefined
            ? {}
            : { measured: { throughput: [model.measured, 'requests/s'], predicted: [model.predicted, 'requests/s'] } }),
        })
      }
    })
  },
)

/** Compares the capacity of 1 and 4 replicas in interleaved trials. */
const capacity = experiment(
  'Compare capacity of 1 and 4 replicas',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-capacity', 'proof'],
    disturbs: underLoad('receives load tests while the Counter app is scaled'),
    hypothesis:
      'One replica is limited to half a core, four to two cores. While neither the machines nor the load balancer are saturated, four serve more than one.',
    assertions: { 'load.share': 'Each of 4 replicas receives its share of the requests' },
    questions: { 'load.capacity.1-vs-4': '4 replicas serve more requests than 1' },
    steadyState: assertDeployed,
    rollback: restoreReplicas,
  },
  async (on) => {
    if (await skipIfTooSlow(on)) return
    const settings = settingsOf(on)
    const trials: TrialRun[] = []
    const running: Exhibit[] = []
    await sampleCpu(on, sampledHosts(on), async (between) => {
      let current: { replicas: number; tasks: Awaited<ReturnType<typeof stackContainers>> } | undefined
      for (const [index, replicas] of interleaved([1, 4], settings.trials).entries()) {
        if (current?.replicas !== replicas) {
          const exhibit = await scaleTo(on, replicas)
          current = { replicas, tasks: await stackContainers(on) }
          if (running.length < 2) running.push(exhibit)
        }
        trials.push(
          await runTrial(
            on,
            {
              name: `trial ${index + 1}: ${replicas} replica${replicas === 1 ? '' : 's'}`,
              replicas,
              containers: current.tasks,
              failed: settings.failureLimit,
              plan: {
                way: 'closed',
                connections: settings.connections,
                warmup: settings.warmupSeconds,
                seconds: settings.trialSeconds,
                reconnectEvery: settings.reconnectEvery,
              },
            },
            between,
          ),
        )
      }
    })
    const of = (replicas: number): TrialRun[] => trials.filter((trial) => trial.replicas === replicas)
    const throughputs = (replicas: number) =>
      of(replicas).map(({ result, issues }) => ({ value: result.throughput, issues }))
    const verdict = compare(throughputs(1), throughputs(4), { within: settings.tolerance })
    const limits = [1, 4].map(
      (replicas) => `${replicas} replica${replicas === 1 ? '' : 's'}: ${bottlenecks(of(replicas))}`,
    )
    const text = [
      trialTable(trials),
      '',
      `verdict: ${verdict.answer}: ${verdict.why}`,
      ...limits,
      ...warningLines(trials),
    ].join('\n')
    const exhibit = record(
      on,
      'Trials of 1 and 4 replicas',
      `${settings.trials} trials each of 1 and 4 replicas, interleaved, ${settings.connections} connections`,
      text,
      trials,
      { chart: trialsChart(trials) },
    )
    const last = [of(1).at(-1), of(4).at(-1)]
      .map((trial) => (trial === undefined ? [] : [recordTrial(on, trial)]))
      .flat()
    on.finding('load.capacity.1-vs-4', {
      holds: holdsOf(verdict),
      evidence: [exhibit, ...last, ...running],
      detail: `${verdict.answer}: ${verdict.why}. ${limits.join('. ')}`,
      ...(verdict.ratio === undefined ? {} : { measured: { 'ratio of medians': [verdict.ratio.estimate, ''] } }),
    })
    shareFinding(on, of(4), [exhibit, ...last.slice(1)])
  },
)

const holdsOf = ({ answer }: Comparison): boolean | null => (answer === 'inconclusive' ? null : answer === 'more')

/** The most frequent bottleneck of the trials. */
function bottlenecks(trials: readonly TrialRun[]): string {
  const counts = new Map<string, { count: number; text: string }>()
  for (const {
    bottleneck: { what, why },
  } of trials) {
    const key = what ?? 'inconclusive'
    counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, text: what === undefined ? why : `${what} (${why})` })
  }
  const most = [...counts.values()].sort((a, b) => b.count - a.count)[0]
  return most === undefined ? 'no trial' : `bottleneck in ${most.count} of ${trials.length} trials: ${most.text}`
}

const warningLines = (trials: readonly TrialRun[]): string[] =>
  trials.flatMap(({ name, issues }) => issues.map((issue) => `warning, ${name}: ${issue}`))

function shareFinding(on: ExperimentContext, trials: readonly TrialRun[], evidence: readonly Exhibit[]): void {
  const unequal = trials.flatMap(({ name, result }) =>
    shareIssues(result.replicas, 4, 0.5).map((issue) => `${name}: ${issue}`),
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
        ? 'inconclusive: no response names its replica'
        : (unequal[0] ??
          `lowest share of a replica: ${Math.round(Math.min(...shares) * 100)} % of an equal share (${answered} responses in ${trials.length} trials)`),
  })
}

/** Measures how capacity grows with replicas. */
const scaling = experiment(
  'Measure capacity by number of replicas',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-scaling', 'proof'],
    disturbs: underLoad('receives load tests while the Counter app is scaled'),
    hypothesis:
      'Capacity grows with replicas, but less each time, as shared resources (Redis, the machines, the load balancer) become saturated; at some number it ' +
      'stops growing.',
    assertions: {},
    questions: { 'load.scaling': 'Capacity follows a scaling law that fits the trials' },
    steadyState: assertDeployed,
    rollback: restoreReplicas,
  },
  async (on) => {
    if (await skipIfTooSlow(on)) return
    const settings = settingsOf(on)
    const steps: CapacityResult[] = []
    await sampleCpu(on, sampledHosts(on), async (between) => {
      for (const replicas of settings.replicas) {
        await scaleTo(on, replicas)
        const step = await findCapacity(on, settings, replicas, await stackContainers(on), between)
        steps.push(step)
        record(
          on,
          `Load on ${replicas} replica${replicas === 1 ? '' : 's'}`,
          `load increased in steps on ${replicas} replicas`,
          trialTable([...step.trials, ...step.atKnee]),
          [...step.trials, ...step.atKnee],
          { chart: latencyChart(step) },
        )
      }
    })
    const measured = steps.flatMap(({ replicas, atKnee }) =>
      atKnee.map(({ result }) => ({ replicas, throughput: result.throughput })),
    )
    const [usl, amdahl] = [fitLaw(measured, 'usl'), fitLaw(measured, 'amdahl')]
    const law = usl.law ?? amdahl.law
    const text = [
      capacityTable(steps),
      '',
      lawText('Universal Scalability Law', usl),
      lawText("Amdahl's law", amdahl),
      ...peakText(usl),
      '',
      ...steps.map(({ replicas, atKnee }) => `${replicas} replicas: ${bottlenecks(atKnee)}`),
    ].join('\n')
    const trials = steps.flatMap((step) => [...step.trials, ...step.atKnee])
    const curve = record(
      on,
      'Capacity by replicas',
      `capacity of ${settings.replicas.join(', ')} replicas`,
      text,
      trials,
      { chart: scalingChart(measured, law) },
    )
    const raised = record(on, 'Throughput by load', `throughput of each load step`, capacityTable(steps), [], {
      chart: loadChart(steps),
    })
    const reason = inconclusiveReason(steps, usl, amdahl)
    on.finding('load.scaling', {
      holds: reason === undefined ? true : null,
      evidence: [curve, raised],
      detail:
        reason ??
        `${steps.map(({ replicas, knee }) => `${replicas}: ${knee?.capacity.toFixed(0) ?? '?'}/s`).join(', ')}; ${
          usl.law === undefined ? lawText('Amdahl', amdahl) : lawText('USL', usl)
        }`,
      ...(law === undefined
        ? {}
        : { measured: { contention: [law.contention.estimate, ''], coherence: [law.coherence.estimate, ''] } }),
    })
  },
)

/** Why no scaling law can be determined. */
function inconclusiveReason(steps: readonly CapacityResult[], usl: Fit, amdahl: Fit): string | undefined {
  const withoutKnee = steps.find(({ knee }) => knee === undefined)
  if (withoutKnee !== undefined) return `no load on ${withoutKnee.replicas} replicas was within the limits`
  for (const { replicas, atKnee } of steps) {
    for (const { result } of atKnee) {
      const limit = generatorLimit(result.generator)
      if (limit !== undefined) return `${replicas} replicas: ${limit}`
    }
    const issue = atKnee.flatMap(({ issues }) => issues)[0]
    if (issue !== undefined) return `${replicas} replicas: ${issue}`
  }
  const unsaturated = steps.find(({ knee }) => knee?.reached === false)
  if (unsaturated !== undefined)
    return `throughput of ${unsaturated.replicas} replicas still rose at the maximum of connections: increase load_most_connections`
  return usl.law === undefined && amdahl.law === undefined
    ? `${usl.cannotTell}; Amdahl: ${amdahl.cannotTell}`
    : undefined
}

function peakText({ law }: Fit): string[] {
  if (law === undefined) return []
  const peak = peakOf(law)
  return [
    peak === undefined
      ? 'no peak: coherence is 0'
      : `peak capacity at ${peak.toFixed(1)} replicas by this law; coherence ${formatInterval(law.coherence, 4)}`,
  ]
}

function record(
  on: ExperimentContext,
  title: string,
  command: string,
  stdout: string,
  trials: readonly TrialRun[],
  { chart }: { chart: NonNullable<Exhibit['chart']> },
): Exhibit {
  const durationMs = trials.reduce((sum, { result }) => sum + (result.plan.warmup + result.seconds) * 1000, 0)
  return on.record({
    title,
    command,
    stdout,
    durationMs,
    chart,
    ...(trials.length === 0 ? {} : { data: trialData(trials) }),
  })
}

const recordTrial = (on: ExperimentContext, trial: TrialRun): Exhibit =>
  on.record({
    title: `Details: ${trial.name}`,
    command: trial.name,
    stdout: trialDetails(trial),
    durationMs: (trial.result.plan.warmup + trial.result.seconds) * 1000,
  })

/** The load tests by name in `experiments.mjs`, in execution order. */
export const LOAD_EXPERIMENTS = { 'load-users': users, 'load-capacity': capacity, 'load-scaling': scaling } as const
