import { setTimeout as sleep } from 'node:timers/promises'
import { type Exhibit, type MessageList, type MessageValue, type TimelineChart } from 'labbook'
import { inSeconds, type LabContext, type LabText, lines, say, tableOf } from '../messages/say.ts'
import { placementBars, placementCsv, type Sample } from './placement.ts'
import {
  addressNames,
  bySecond,
  errorCounts,
  increments,
  requestsCsv,
  requestStats,
  type Increments,
  type RequestStats,
} from './requests.ts'
import { SteadyProbe, type RequestResult } from './steady-probe.ts'
import { parseTasks, stackTasksCommand } from './tasks.ts'
import { trafficOf, type EntryTarget, type Traffic } from './traffic.ts'

const PER_SECOND = 20
/** Longer than the gateway's own timeout for a replica. */
const TIME_LIMIT_MS = 3000
const SAMPLE_EVERY_MS = 1000
/** On slow machines, samples are this many times rarer still, so that the experiment's own probes come first. */
const SLOW_FACTOR = 3

/** An event, in seconds from the start. */
interface TimelineEvent {
  readonly at: number
  readonly label: LabText
}

export interface TimelineRecorder {
  /** Records an event at the current time. */
  readonly mark: (label: LabText) => void
  /** Seconds from the start. */
  readonly now: () => number
}

/** For commands outside an observation. */
export const NO_TIMELINE: TimelineRecorder = { mark: () => {}, now: () => performance.now() / 1000 }

/** Result of an observation. */
export interface ObservationResult<T> {
  readonly value: T
  /** The timeline: requests, placement, events. */
  readonly exhibit: Exhibit
  readonly requests: readonly RequestResult[]
  /** Request rate. */
  readonly perSecond: number
  readonly increments: Increments
  /** The count before and after; NaN if no endpoint returned it. */
  readonly counts: { readonly before: number; readonly after: number }
  /** Statistics of the requests in a time range, through some of the nodes. */
  readonly requestStats: (which?: {
    readonly endpoints?: (node: string) => boolean
    readonly from?: number
    readonly to?: number
  }) => RequestStats
}

export interface ObserveOptions {
  readonly title: LabText
  readonly cluster: ObservedCluster
  readonly perSecond?: number
  /** Selects entry points by node. Default: all. */
  readonly endpoints?: (node: string) => boolean
}

/** Where an app runs: its entry points, its nodes, and how to query task placement. */
export interface ObservedCluster {
  readonly targets: readonly EntryTarget[]
  readonly nodes: readonly string[]
  /** Task placement; undefined if no manager answers. Called about once a second, less often on slow machines. */
  placement(): Promise<Sample['tasks']>
  /** The command behind {@link placement}, for the report. */
  readonly command: string
}

/** A stack of the Swarm, and its entry points. */
export interface ObservedStack {
  readonly stack: string
  /** Names of the services whose tasks are shown, or their beginnings. */
  readonly services: readonly string[]
  readonly targets: readonly EntryTarget[]
}

/**
 * A stack of the Swarm as an observed cluster.
 *
 * @param managers - queried for task placement in this order. Default: the experiment's first host.
 */
export function stackCluster(
  on: LabContext,
  { stack, services, targets }: ObservedStack,
  managers: readonly string[] = on.hosts.slice(0, 1),
): ObservedCluster {
  const command = stackTasksCommand(stack, services, on.timeoutMultiplier)
  return {
    targets,
    nodes: on.groups.swarm ?? [],
    command: 'docker stack ps',
    async placement() {
      for (const host of managers) {
        try {
          const { stdout, exitCode } = await on.exec({ host, command, timeout: 10 })
          if (exitCode === 0) return parseTasks(stdout)
        } catch {
          // This manager may be down because of the experiment; try the next.
        }
      }
      return undefined
    },
  }
}

/**
 * Runs `body` under constant load while sampling task placement once a second (less often on slow machines), and
 * records the result as one exhibit: a timeline, a table, and both as CSV.
 */
export async function observeDuring<T>(
  on: LabContext,
  options: ObserveOptions,
  body: (watching: TimelineRecorder) => Promise<T>,
): Promise<ObservationResult<T>> {
  const { title, cluster } = options
  const perSecond = Number(((options.perSecond ?? PER_SECOND) / on.timeoutMultiplier).toFixed(2))
  const traffic = trafficOf(cluster.targets.filter(({ node }) => options.endpoints?.(node) ?? true))
  const before = (await traffic.readCount?.()) ?? 0
  const began = performance.now()
  const now = (): number => (performance.now() - began) / 1000
  const events: TimelineEvent[] = []
  const everyMs = SAMPLE_EVERY_MS * on.timeoutMultiplier * (on.timeoutMultiplier === 1 ? 1 : SLOW_FACTOR)
  const sampler = new PlacementSampler(on.signal, cluster, now, everyMs)
  const probe = new SteadyProbe(traffic.requests, { perSecond, timeoutMs: TIME_LIMIT_MS })
  let requests: readonly RequestResult[] = []
  let value: T | undefined
  let failure: unknown
  try {
    value = await body({ mark: (label) => void events.push({ at: now(), label }), now })
  } catch (error) {
    failure = error
  } finally {
    requests = await probe.stop()
    await sampler.stop()
  }
  if (on.signal.aborted) throw failure
  const seconds = now()
  const after = (await traffic.readCount?.()) ?? 0
  const incrementStats = increments(requests, before, after)
  const exhibit = record(on, {
    title,
    cluster,
    traffic,
    events,
    samples: sampler.samples,
    everyMs,
    requests,
    increments: incrementStats,
    seconds,
    perSecond,
  })
  // Record the exhibit first: a failed run is evidence, too.
  if (failure !== undefined) throw failure as Error
  return {
    value: value as T,
    exhibit,
    requests,
    perSecond,
    increments: incrementStats,
    counts: { before, after },
    requestStats: ({ endpoints: selected = () => true, from = 0, to = seconds } = {}) =>
      requestStats(
        requests.filter(({ endpoint, at }) => selected(endpoint) && at >= from * 1000 && at <= to * 1000),
        to,
      ),
  }
}

/** Samples task placement in the background. */
class PlacementSampler {
  readonly samples: Sample[] = []
  readonly #loop: Promise<void>
  readonly #stop = new AbortController()

  constructor(signal: AbortSignal, cluster: ObservedCluster, now: () => number, everyMs: number) {
    this.#loop = this.#run(signal, cluster, now, everyMs)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
  }

  async #run(signal: AbortSignal, cluster: ObservedCluster, now: () => number, everyMs: number): Promise<void> {
    const ended = AbortSignal.any([signal, this.#stop.signal])
    while (!ended.aborted) {
      const began = now()
      this.samples.push({ at: began, tasks: await cluster.placement() })
      await sleep(Math.max(100, everyMs - (now() - began) * 1000), undefined, { signal: ended }).catch(() => {})
    }
  }
}

interface Observation {
  readonly title: LabText
  readonly cluster: ObservedCluster
  readonly traffic: Traffic
  readonly events: readonly TimelineEvent[]
  readonly samples: readonly Sample[]
  readonly everyMs: number
  readonly requests: readonly RequestResult[]
  readonly increments: Increments
  readonly seconds: number
  readonly perSecond: number
}

function record(on: LabContext, observation: Observation): Exhibit {
  const { title, cluster, traffic, events, samples, everyMs, requests, seconds, perSecond } = observation
  const placement = placementBars(samples, seconds)
  const chart: TimelineChart<LabText> = {
    kind: 'timeline',
    title,
    seconds,
    lanes: cluster.nodes,
    bars: placement,
    events,
    requests: bySecond(requests),
  }
  return on.record({
    title,
    command: say('{requests}, {rate} requests/s, round robin over the nodes; {command} every {every} s', {
      requests: traffic.description,
      rate: perSecond,
      command: cluster.command,
      every: everyMs / 1000,
    }),
    stdout: table(observation),
    durationMs: Math.round(seconds * 1000),
    chart,
    data: [
      { name: 'requests.csv', text: requestsCsv(requests) },
      { name: 'placement.csv', text: placementCsv(placement) },
    ],
  })
}

function table({ traffic, events, samples, requests, increments: stats, seconds }: Observation): MessageList {
  const nameOf = addressNames(requests)
  const addresses = [...new Set(requests.map(nameOf))].sort()
  const row = (name: MessageValue, { sent, failed, outage, median, p95 }: RequestStats): MessageValue[] => [
    name,
    sent,
    failed,
    outage.toFixed(1),
    ms(median),
    ms(p95),
  ]
  const unanswered = samples.filter(({ tasks }) => tasks === undefined).length
  return lines(
    tableOf(
      events.map(({ at, label }) => [inSeconds(at), typeof label === 'string' ? { id: label, values: {} } : label]),
      ['right', 'left'],
    ),
    '',
    tableOf(
      [
        (['ENDPOINT', 'SENT', 'FAILED', 'OUTAGE s', 'P50 ms', 'P95 ms'] as const).map((title) => say(title)),
        ...addresses.map((address) =>
          row(
            address,
            requestStats(
              requests.filter((request) => nameOf(request) === address),
              seconds,
            ),
          ),
        ),
        row(say('all'), requestStats(requests, seconds)),
      ],
      ['left', 'right'],
    ),
    ...errorCounts(requests)
      .slice(0, 8)
      .map(([error, count]) => `  ${count} x ${error}`),
    ...(traffic.readCount === undefined
      ? []
      : [
          '',
          say('increments: {acknowledged} acknowledged, {indeterminate} indeterminate, {added} counted, {lost} lost', {
            acknowledged: stats.acknowledged,
            indeterminate: stats.indeterminate,
            added: stats.added,
            lost: stats.lost,
          }),
        ]),
    ...(unanswered > 0
      ? [
          say('no manager answered {unanswered} of {all} placement queries', {
            unanswered,
            all: samples.length,
          }),
        ]
      : []),
  )
}

const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1))
