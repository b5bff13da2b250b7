import { setTimeout as sleep } from 'node:timers/promises'
import type { Exhibit, ExperimentContext, TimelineChart } from '../../../../src/labbook.ts'
import { callMany } from '../../../app/client.ts'
import { endpoints } from '../../../app/proof.ts'
import { STACK } from '../../../app/stack.ts'
import { bars, placementCommand, placementCsv, readPlacement, stackPlacementCommand, type Sample } from './placement.ts'
import { SteadyProbe, type Door, type Request } from './probe.ts'
import { bySecond, fared, increments, reasons, requestsCsv, type Fared, type Increments } from './requests.ts'

const PER_SECOND = 20
/** As long as a patient browser user; the gateway itself gives up on a replica sooner. */
const TIME_LIMIT_MS = 3000
const SAMPLE_EVERY_MS = 1000
/** Where machines are slow, the looks of an experiment itself come first: so many times less often than even those. */
const WHERE_SLOW = 3

/** What happened, in seconds from the start. */
interface Moment {
  readonly at: number
  readonly label: string
}

export interface Watching {
  /** Writes down that something happened now. */
  mark(label: string): void
  /** Seconds from the start. */
  now(): number
}

/** What was seen while something went on. */
export interface Observed<T> {
  readonly value: T
  /** The timeline: requests, placement, moments. */
  readonly exhibit: Exhibit
  readonly requests: readonly Request[]
  /** Requests a second that were sent. */
  readonly perSecond: number
  readonly increments: Increments
  /** The count before and after; NaN where no door told it. */
  readonly counts: { readonly before: number; readonly after: number }
  /** How requests fared between two moments, through some of the doors. */
  fared(which?: { readonly doors?: (node: string) => boolean; readonly from?: number; readonly to?: number }): Fared
}

export interface WatchingOptions {
  readonly title: string
  /** Who is asked where the tasks are; tried in this order. Default: the experiment's first host. */
  readonly managers?: readonly string[]
  readonly perSecond?: number
  /** Doors to the app; default: one on every node. */
  readonly doors?: (node: string) => boolean
  /** Default: the Swarm and the app that is deployed. */
  readonly cluster?: WatchedCluster
}

/** Where the app runs: its doors, its nodes, and how to tell what runs where. */
export interface WatchedCluster {
  readonly doors: readonly Door[]
  readonly nodes: readonly string[]
  /**
   * What runs where; undefined where nobody tells, as happens in experiments. Asked about once a second, where machines
   * are slow less often.
   */
  placement(): Promise<Sample['tasks']>
  /** What {@link placement} runs, for readers. */
  readonly command: string
}

/**
 * The Swarm.
 *
 * @param managers - asked in this order where the tasks are.
 * @param app - another app than the one that is deployed: its doors, and the services whose tasks are looked for.
 */
export const watchedSwarm = (
  on: ExperimentContext,
  managers: readonly string[],
  app?: { readonly doors: readonly Door[]; readonly services: readonly string[] },
): WatchedCluster => ({
  doors: app?.doors ?? doorsOf(on),
  nodes: on.groups.swarm ?? [],
  command: app === undefined ? 'docker stack ps' : 'docker service ps',
  async placement() {
    // Of Redis there are several in some topologies.
    const command =
      app === undefined
        ? stackPlacementCommand(STACK, ['counter', 'redis'], on.slowdown)
        : placementCommand(app.services, on.slowdown)
    for (const host of managers) {
      try {
        const { stdout, exitCode } = await on.look({ host, command, timeout: 10 })
        if (exitCode === 0) return readPlacement(stdout)
      } catch {
        // This one is down: that is what the experiment is about. The next may tell.
      }
    }
    return undefined
  },
})

/** Every node's door to the app. */
export const doorsOf = (on: Pick<ExperimentContext, 'groups' | 'hostvars'>): Door[] => {
  const nodes = on.groups.swarm ?? []
  return endpoints(on).map((endpoint, i) => ({ ...endpoint, node: nodes[i] ?? endpoint.host }))
}

/**
 * Does something to the cluster while requests come at a steady rate and the placement of all tasks is looked at once a
 * second (less often where machines are slow), and records what was seen as one exhibit: a timeline, a table, and both
 * as CSV.
 */
export async function underWatch<T>(
  on: ExperimentContext,
  options: WatchingOptions,
  body: (watching: Watching) => Promise<T>,
): Promise<Observed<T>> {
  const { title, managers = on.hosts.slice(0, 1) } = options
  const perSecond = Number(((options.perSecond ?? PER_SECOND) / on.slowdown).toFixed(2))
  const cluster = options.cluster ?? watchedSwarm(on, managers)
  const doors = cluster.doors.filter(({ node }) => options.doors?.(node) ?? true)
  const before = await countNow(doors)
  const began = performance.now()
  const now = (): number => (performance.now() - began) / 1000
  const moments: Moment[] = []
  const everyMs = SAMPLE_EVERY_MS * on.slowdown * (on.slowdown === 1 ? 1 : WHERE_SLOW)
  const sampler = new Sampler(on.signal, cluster, now, everyMs)
  const probe = new SteadyProbe(doors, { perSecond, timeLimitMs: TIME_LIMIT_MS })
  let requests: readonly Request[] = []
  let value: T | undefined
  let failure: unknown
  try {
    value = await body({ mark: (label) => void moments.push({ at: now(), label }), now })
  } catch (error) {
    failure = error
  } finally {
    requests = await probe.stop()
    await sampler.stop()
  }
  if (on.signal.aborted) throw failure
  const seconds = now()
  const after = await countNow(doors)
  const counted = increments(requests, before, after)
  const exhibit = record(on, {
    title,
    cluster,
    moments,
    samples: sampler.samples,
    everyMs,
    requests,
    counted,
    seconds,
    perSecond,
  })
  // What was seen until it broke off is evidence, too.
  if (failure !== undefined) throw failure
  return {
    value: value as T,
    exhibit,
    requests,
    perSecond,
    increments: counted,
    counts: { before, after },
    fared: ({ doors: wanted = () => true, from = 0, to = seconds } = {}) =>
      fared(
        requests.filter(({ door, at }) => wanted(door) && at >= from * 1000 && at <= to * 1000),
        to,
      ),
  }
}

/** The count, from whichever door tells it. A service that is just coming back is asked again. */
async function countNow(doors: readonly Door[]): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const { answers } = await callMany(doors, 'GET', '/api/counter', { total: doors.length, clients: doors.length })
    const [answer] = answers
    if (answer !== undefined) return answer.count
    await sleep(500)
  }
  return Number.NaN
}

/** Looks where the tasks are, again and again, beside whatever else goes on. */
class Sampler {
  readonly samples: Sample[] = []
  readonly #loop: Promise<void>
  readonly #stop = new AbortController()

  constructor(signal: AbortSignal, cluster: WatchedCluster, now: () => number, everyMs: number) {
    this.#loop = this.#run(signal, cluster, now, everyMs)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
  }

  async #run(signal: AbortSignal, cluster: WatchedCluster, now: () => number, everyMs: number): Promise<void> {
    const ended = AbortSignal.any([signal, this.#stop.signal])
    while (!ended.aborted) {
      const began = now()
      this.samples.push({ at: began, tasks: await cluster.placement() })
      await sleep(Math.max(100, everyMs - (now() - began) * 1000), undefined, { signal: ended }).catch(() => {})
    }
  }
}

interface Story {
  readonly title: string
  readonly cluster: WatchedCluster
  readonly moments: readonly Moment[]
  readonly samples: readonly Sample[]
  readonly everyMs: number
  readonly requests: readonly Request[]
  readonly counted: Increments
  readonly seconds: number
  readonly perSecond: number
}

function record(on: ExperimentContext, story: Story): Exhibit {
  const { title, cluster, moments, samples, everyMs, requests, seconds, perSecond } = story
  const placed = bars(samples, seconds)
  const chart: TimelineChart = {
    kind: 'timeline',
    title,
    seconds,
    lanes: cluster.nodes,
    bars: placed,
    events: moments,
    requests: bySecond(requests),
  }
  return on.record({
    title,
    command: `GET /api/counter and POST /api/counter/increment in turn, ${perSecond} requests/s through each node in turn; ${cluster.command} every ${everyMs === 1000 ? 'second' : `${everyMs / 1000} s`}`,
    stdout: table(story),
    durationMs: Math.round(seconds * 1000),
    chart,
    data: [
      { name: 'requests.csv', text: requestsCsv(requests) },
      { name: 'placement.csv', text: placementCsv(placed) },
    ],
  })
}

function table({ moments, samples, requests, counted, seconds }: Story): string {
  const doors = [...new Set(requests.map(({ door }) => door))].sort()
  const row = (name: string, { sent, failed, outage, median, p95 }: Fared): string =>
    `${name.padEnd(12)} ${String(sent).padStart(6)} ${String(failed).padStart(7)} ${outage.toFixed(1).padStart(11)} ${ms(median).padStart(8)} ${ms(p95).padStart(8)}`
  const blind = samples.filter(({ tasks }) => tasks === undefined).length
  return [
    ...moments.map(({ at, label }) => `${at.toFixed(1).padStart(7)} s  ${label}`),
    '',
    `${'DOOR'.padEnd(12)} ${'SENT'.padStart(6)} ${'FAILED'.padStart(7)} ${'OUTAGE s'.padStart(11)} ${'P50 ms'.padStart(8)} ${'P95 ms'.padStart(8)}`,
    ...doors.map((door) =>
      row(
        door,
        fared(
          requests.filter((request) => request.door === door),
          seconds,
        ),
      ),
    ),
    row('all', fared(requests, seconds)),
    ...reasons(requests)
      .slice(0, 8)
      .map(([why, times]) => `  ${times} x ${why}`),
    '',
    `increments: ${counted.acknowledged} acknowledged, ${counted.unsure} without an answer, ${counted.added} counted, ${counted.lost} lost`,
    ...(blind > 0 ? [`nobody answered ${blind} of ${samples.length} looks at the placement`] : []),
  ].join('\n')
}

const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(1))
