import { experiment, onHosts, type Disturbs, type Exhibit, type ExperimentContext } from '../../src/labbook.ts'
import {
  compare,
  fitLaw,
  generatorLimit,
  interleaved,
  peakOf,
  shareDoubts,
  shown,
  type Comparison,
  type Fitted,
} from '../../src/load/index.ts'
import { latencyChart, loadChart, scalingChart, trialsChart, usersChart } from './charts.ts'
import { asDeployed, containers, deployed, putBack, scaleTo } from './replicas.ts'
import { generators } from './generators.ts'
import { findCapacity, type Step } from './scaling.ts'
import { loadSettings, type LoadSettings } from './settings.ts'
import { tooSlow } from './slow.ts'
import { capacityTable, lawText, trialData, trialTable, trialText } from './texts.ts'
import { runTrial, type TrialRun } from './trial.ts'
import { sampling } from './usage.ts'

const HOSTS = 'swarm_managers[0]'
const settingsOf = (on: ExperimentContext): LoadSettings =>
  loadSettings(on.hostvars(on.hosts[0] as string), on.slowdown)
/** Where CPU is used: where requests are sent from, and the nodes. */
const watched = (on: Pick<ExperimentContext, 'groups'>): string[] => {
  const senders = generators(on)
  return [...(senders.length === 0 ? ['controller'] : senders), ...(on.groups.swarm ?? [])]
}

const underLoad =
  (what: string): Disturbs =>
  (on) => [...onHosts(on.groups.swarm ?? [], what), ...onHosts(generators(on), 'sends the requests of a load test')]

/** Users who think between requests, as such labs have them with Locust: is it they who set the throughput? */
const users = experiment(
  'Load by users who think',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-users', 'proof'],
    disturbs: underLoad('receives a load test'),
    hypothesis:
      'A user who thinks between requests asks for no more than 1 / (think time + latency) of them a second. As long as answers come quickly ' +
      'against that, throughput is the number of users over their think time, whatever serves them.',
    proves: {},
    asks: {
      'load.users.100': 'With 100 users who think 0.5 to 2 s, throughput is set by the users, not by the app',
      'load.users.500': 'With 500 users who think 0.5 to 2 s, throughput is set by the users, not by the app',
    },
    start: asDeployed,
  },
  async (on) => {
    if (await tooSlow(on)) return
    const settings = settingsOf(on)
    const { replicas } = deployed(on)
    const tasks = await containers(on)
    await sampling(on, watched(on), async (between) => {
      for (const count of [100, 500] as const) {
        const trial = await runTrial(
          on,
          {
            name: `${count} users`,
            replicas,
            containers: tasks,
            failed: settings.failed,
            plan: { way: 'users', users: count, warmup: settings.warmupSeconds + 2, seconds: settings.usersSeconds },
          },
          between,
        )
        const exhibit = record(
          on,
          `${count} users who think`,
          `${count} users for ${settings.usersSeconds} s, think time 0.5 to 2 s`,
          trialText(trial),
          [trial],
          { chart: usersChart(trial) },
        )
        const say = trial.result.users
        on.finding(`load.users.${count}`, {
          holds: say?.setByUsers ?? null,
          evidence: [exhibit],
          detail:
            say === undefined
              ? 'no users'
              : `measured ${say.measured.toFixed(1)} requests/s, predicted ${say.predicted.toFixed(1)}, at most ${say.most.toFixed(1)}: ${say.why}`,
          ...(say === undefined
            ? {}
            : { measured: { throughput: [say.measured, 'requests/s'], predicted: [say.predicted, 'requests/s'] } }),
        })
      }
    })
  },
)

/** Do more replicas serve more? Trials of both, there and back. */
const capacity = experiment(
  'Do 4 replicas serve more than 1?',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-capacity', 'proof'],
    disturbs: underLoad('receives load tests while the Counter app is scaled'),
    hypothesis:
      'One replica may use half a core; four may use two. While neither the machines nor what stands in front of the replicas is at its limit, four ' +
      'serve more than one.',
    proves: { 'load.share': 'Each of 4 replicas gets its share of the requests' },
    asks: { 'load.capacity.1-vs-4': '4 replicas serve more requests than 1' },
    start: asDeployed,
    restore: putBack,
  },
  async (on) => {
    if (await tooSlow(on)) return
    const settings = settingsOf(on)
    const trials: TrialRun[] = []
    const running: Exhibit[] = []
    await sampling(on, watched(on), async (between) => {
      let now: { replicas: number; tasks: Awaited<ReturnType<typeof containers>> } | undefined
      for (const [place, replicas] of interleaved([1, 4], settings.trials).entries()) {
        if (now?.replicas !== replicas) {
          const exhibit = await scaleTo(on, replicas)
          now = { replicas, tasks: await containers(on) }
          if (running.length < 2) running.push(exhibit)
        }
        trials.push(
          await runTrial(
            on,
            {
              name: `trial ${place + 1}: ${replicas} replica${replicas === 1 ? '' : 's'}`,
              replicas,
              containers: now.tasks,
              failed: settings.failed,
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
    const valued = (replicas: number) =>
      of(replicas).map(({ result, doubts }) => ({ value: result.throughput, doubts }))
    const verdict = compare(valued(1), valued(4), { within: settings.within })
    const limits = [1, 4].map(
      (replicas) => `${replicas} replica${replicas === 1 ? '' : 's'}: ${bottlenecks(of(replicas))}`,
    )
    const text = [
      trialTable(trials),
      '',
      `verdict: ${verdict.answer}: ${verdict.why}`,
      ...limits,
      ...doubtLines(trials),
    ].join('\n')
    const exhibit = record(
      on,
      'Trials of 1 and 4 replicas',
      `${settings.trials} trials each of 1 and 4 replicas, there and back, ${settings.connections} connections`,
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

/** What limited each trial, in the words most trials share. */
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

const doubtLines = (trials: readonly TrialRun[]): string[] =>
  trials.flatMap(({ name, doubts }) => doubts.map((doubt) => `doubt, ${name}: ${doubt}`))

function shareFinding(on: ExperimentContext, trials: readonly TrialRun[], evidence: readonly Exhibit[]): void {
  const unequal = trials.flatMap(({ name, result }) =>
    shareDoubts(result.replicas, 4, 0.5).map((doubt) => `${name}: ${doubt}`),
  )
  const answered = trials.reduce(
    (sum, { result }) => sum + Object.values(result.replicas).reduce((all, count) => all + count, 0),
    0,
  )
  const parts = trials.flatMap(({ result }) =>
    Object.values(result.replicas).map((count) => (count / result.total.requests) * 4),
  )
  on.finding('load.share', {
    holds: answered === 0 ? null : unequal.length === 0,
    evidence,
    detail:
      answered === 0
        ? 'no answer said who gave it'
        : (unequal[0] ??
          `${answered} answers in ${trials.length} trials; the replica with the fewest gave ${Math.round(Math.min(...parts) * 100)} % of an equal share`),
  })
}

/** How does capacity grow with replicas? */
const scaling = experiment(
  'Capacity against replicas',
  {
    hosts: HOSTS,
    tags: ['experiments', 'load', 'load-scaling', 'proof'],
    disturbs: underLoad('receives load tests while the Counter app is scaled'),
    hypothesis:
      'Capacity grows with replicas, each time by less, as what they share (Redis, the machines, the way in) is asked for more; at some number it ' +
      'grows no more.',
    proves: {},
    asks: { 'load.scaling': 'How capacity grows with replicas follows a law of scaling that the trials determine' },
    start: asDeployed,
    restore: putBack,
  },
  async (on) => {
    if (await tooSlow(on)) return
    const settings = settingsOf(on)
    const steps: Step[] = []
    await sampling(on, watched(on), async (between) => {
      for (const replicas of settings.replicas) {
        await scaleTo(on, replicas)
        const step = await findCapacity(on, settings, replicas, await containers(on), between)
        steps.push(step)
        record(
          on,
          `Load on ${replicas} replica${replicas === 1 ? '' : 's'}`,
          `load raised step by step on ${replicas} replicas`,
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
      'Capacity against replicas',
      `capacity of ${settings.replicas.join(', ')} replicas`,
      text,
      trials,
      { chart: scalingChart(measured, law) },
    )
    const raised = record(on, 'Throughput against load', `throughput of each step of load`, capacityTable(steps), [], {
      chart: loadChart(steps),
    })
    const why = refusal(steps, usl, amdahl)
    on.finding('load.scaling', {
      holds: why === undefined ? true : null,
      evidence: [curve, raised],
      detail:
        why ??
        `${steps.map(({ replicas, knee }) => `${replicas}: ${knee?.capacity.toFixed(0) ?? '?'}/s`).join(', ')}; ${
          usl.law === undefined ? lawText('Amdahl', amdahl) : lawText('USL', usl)
        }`,
      ...(law === undefined
        ? {}
        : { measured: { contention: [law.contention.estimate, ''], coherence: [law.coherence.estimate, ''] } }),
    })
  },
)

/** Why no law can be told. */
function refusal(steps: readonly Step[], usl: Fitted, amdahl: Fitted): string | undefined {
  const without = steps.find(({ knee }) => knee === undefined)
  if (without !== undefined) return `no load on ${without.replicas} replicas was within the limits`
  for (const { replicas, atKnee } of steps) {
    for (const { result } of atKnee) {
      const limit = generatorLimit(result.generator)
      if (limit !== undefined) return `${replicas} replicas: ${limit}`
    }
    const doubt = atKnee.flatMap(({ doubts }) => doubts)[0]
    if (doubt !== undefined) return `${replicas} replicas: ${doubt}`
  }
  const low = steps.find(({ knee }) => knee?.reached === false)
  if (low !== undefined)
    return `throughput of ${low.replicas} replicas still rose at the most connections: raise load_most_connections`
  return usl.law === undefined && amdahl.law === undefined
    ? `${usl.cannotTell}; Amdahl: ${amdahl.cannotTell}`
    : undefined
}

function peakText({ law }: Fitted): string[] {
  if (law === undefined) return []
  const peak = peakOf(law)
  return [
    peak === undefined
      ? 'no peak: coherence is none'
      : `by this law the most is served by ${peak.toFixed(1)} replicas; coherence ${shown(law.coherence, 4)}`,
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
    title: `In full: ${trial.name}`,
    command: trial.name,
    stdout: trialText(trial),
    durationMs: (trial.result.plan.warmup + trial.result.seconds) * 1000,
  })

/** The load tests by the names that `experiments.mjs` takes, in the order they are done in. */
export const LOAD_EXPERIMENTS = { 'load-users': users, 'load-capacity': capacity, 'load-scaling': scaling } as const
