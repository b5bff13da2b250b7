import { setTimeout as sleep } from 'node:timers/promises'
import type { CareContext, Exhibit, ExperimentContext } from '../../../../../src/labbook.ts'
import { making, mending, type Fault } from '../../../../../src/lab/faults.ts'
import { quote } from '../../../../../src/shell/quote.ts'
import { faultsOf } from '../../../../lab/faults.ts'
import { isReady, manager, NODES, seconds } from '../../../experiments/support/cluster.ts'
import type { Request } from '../../../experiments/support/probe.ts'
import { fared, type Fared } from '../../../experiments/support/requests.ts'
import { underWatch, watchedSwarm, type Watching } from '../../../experiments/support/watching.ts'
import {
  ask,
  clientCommand,
  containerOf,
  formed,
  LAB,
  masterNow,
  removeLabs,
  whole,
  type Lab,
  type Master,
} from './lab.ts'
import { KEY } from '../settings.ts'
import { lossOf, readLines, readLog, toldOf, type ClientLog, type Loss } from './losses.ts'

/** How long another master is waited for. */
const FAILOVER_SECONDS = 60
/** The same where the old one is started again meanwhile. */
const RESTART_SECONDS = 20
/** How long requests go on after it, or without it, before things are mended. */
const AFTER_SECONDS = 5
const WITHOUT_SECONDS = 15

/** A client on the side of the node that is cut off, which goes on writing to the master it knows. */
interface Isolated {
  /** Replicas that it asks to confirm each change. */
  readonly waitReplicas: number
  readonly seconds: number
}

interface LosingOptions {
  readonly isolated?: Isolated
  /** Done when it is known who is master, before it is lost. */
  readonly before?: () => Promise<void>
  /** Only Redis is lost, and all else on its node goes on. */
  readonly nodeStays?: boolean
}

/** What came of it when the master was lost once. */
export interface Lost {
  readonly master: Master
  /** undefined: a count was not told. */
  readonly loss: Loss | undefined
  /** Requests through the other nodes, while the master was away. */
  readonly writes: Fared
  readonly all: Fared
  /** Seconds until another server said that it is master. */
  readonly tookOver: number | undefined
  /** Requests that succeeded after that, before the old one was given back. */
  readonly afterwards: { readonly reads: number; readonly writes: number }
  /** Seconds from when it was surely lost until it was given back. */
  readonly away: number
  /** Of the client on the other side: what it was told after the cut. */
  readonly isolated?: ClientLog & { readonly acknowledged: number; readonly lastAt: number }
  readonly exhibits: readonly Exhibit[]
}

/** Kills the Redis process itself, as the kernel does when memory is short: no goodbye, and Swarm starts it again. */
export const killRedis = ({ stack }: Lab, { server, node }: Master): Fault => ({
  says: `Redis is killed on ${node}`,
  how: { make: `docker kill --signal KILL ${server.split(':')[0]}`, mend: 'Swarm starts it again' },
  host: node,
  become: true,
  mendSeconds: 60,
  make: `docker kill --signal KILL $(${containerOf(stack, server.split(':')[0] as string)})`,
  mend: 'true',
})

/**
 * Has the master be on a node that is no manager: that one is asked what happens, so it is not the one that is lost.
 */
async function awayFromManager(on: ExperimentContext, lab: Lab): Promise<Master> {
  for (let tries = 0; tries < 5; tries++) {
    const master = await masterNow(on, lab)
    if (master.node !== manager(on)) return master
    if (lab.topology === 'sentinel') await ask(on, lab, lab.sentinels.slice(0, 1), ['SENTINEL', 'FAILOVER', 'counter'])
    else throw new Error(`the master is on ${master.node}, the manager: its loss cannot be watched from there`)
    await sleep(5000, undefined, { signal: on.signal })
    await whole(on, lab)
  }
  throw new Error(`the master stays on ${manager(on)}, the manager: its loss cannot be watched from there`)
}

/** Takes the master away while requests come, waits for what follows, gives it back, and counts. */
export async function loseMaster(
  on: ExperimentContext,
  lab: Lab,
  title: string,
  faultOf: (master: Master) => Fault,
  { isolated, before, nodeStays = false }: LosingOptions = {},
): Promise<Lost> {
  if (lab.topology === 'cluster') {
    // After the last time the counter's master may be beside another one, and the two together are a majority that can
    // be lost.
    await formed(on, lab)
    await whole(on, lab)
  }
  const master = await awayFromManager(on, lab)
  await before?.()
  const fault = faultOf(master)
  const cluster = watchedSwarm(on, on.hosts.slice(0, 1), {
    doors: lab.doors,
    services: [...lab.servers.map((server) => `${lab.stack}_${server.split(':')[0]}`), `${lab.stack}_counter`],
  })
  const watched = await underWatch(
    on,
    { title, cluster, doors: (node) => nodeStays || node !== master.node },
    async (watching) => {
      const { now, mark } = watching
      await sleep(2000, undefined, { signal: on.signal })
      const began = Date.now()
      if (isolated !== undefined) await startIsolated(on, lab, master, isolated)
      const lostAt = now()
      const made = await on.exhibit({ title: fault.says, ...making(fault) })
      if (made.exitCode !== 0)
        throw new Error(`could not be made to happen: ${fault.says} (see the exhibit "${made.id}")`)
      mark(fault.says)
      const [cutAt, madeAt] = [Date.now(), now()]
      const tookOver = await followed(on, lab, master, watching, {
        lostAt,
        within: nodeStays ? RESTART_SECONDS : FAILOVER_SECONDS,
      })
      const rest = isolated === undefined ? 0 : isolated.seconds + 1 - (Date.now() - began) / 1000
      await sleep(
        Math.max(rest, lab.topology === 'single' || lab.topology === 'replicas' ? WITHOUT_SECONDS : AFTER_SECONDS) *
          1000,
        undefined,
        { signal: on.signal },
      )
      const mendedAt = now()
      mark('it is given back')
      const mended = await on.exhibit({ title: `After: ${fault.says}`, ...mending(fault) })
      await nodesReady(on)
      await whole(on, lab, 240)
      mark('all is whole')
      await sleep(1000, undefined, { signal: on.signal })
      const log =
        isolated === undefined
          ? undefined
          : readLog(
              (
                await on.exhibit({
                  title: `What the client beside ${master.node} was told`,
                  host: master.node,
                  command: `cat ${LOG}`,
                })
              ).stdout,
            )
      return { made, mended, tookOver, lostAt, madeAt, mendedAt, cutAt, log }
    },
  )
  const {
    value: { made, mended, tookOver, lostAt, madeAt, mendedAt, cutAt, log },
    requests,
    counts,
  } = watched
  const between = requests.filter(({ at }) => at >= lostAt * 1000 && at <= mendedAt * 1000)
  const told = toldByRequests(requests)
  const other = toldOf(log?.changes ?? [])
  return {
    master,
    tookOver,
    away: mendedAt - madeAt,
    all: fared(between, mendedAt),
    writes: fared(
      between.filter(({ method }) => method === 'POST'),
      mendedAt,
    ),
    afterwards: succeeded(between.filter(({ at }) => tookOver !== undefined && at >= (lostAt + tookOver) * 1000)),
    loss: lossOf(
      { values: [...told.values, ...other.values], unsure: told.unsure + other.unsure },
      counts.before,
      counts.after,
    ),
    ...(log === undefined ? {} : { isolated: { ...log, ...afterCut(log, cutAt) } }),
    exhibits: [made, watched.exhibit, mended],
  }
}

const succeeded = (requests: readonly Request[]): { reads: number; writes: number } => {
  const well = requests.filter(({ error }) => error === '')
  const writes = well.filter(({ method }) => method === 'POST').length
  return { reads: well.length - writes, writes }
}

const LOG = `/run/${LAB}-isolated.log`

/** Runs on the node itself and writes to a file there: the line to it is about to be cut. */
async function startIsolated(
  on: ExperimentContext,
  { stack }: Lab,
  { node, address }: Master,
  { seconds: howLong, waitReplicas }: Isolated,
): Promise<void> {
  const client = clientCommand(
    stack,
    'increments',
    `${address}:6379`,
    KEY,
    '20',
    String(howLong),
    String(waitReplicas),
    '500',
  )
  await on.look({
    host: node,
    command: `rm -f ${LOG}; nohup setsid sh -c ${quote(client)} >${LOG} 2>/dev/null </dev/null & :`,
  })
  await sleep(2000, undefined, { signal: on.signal })
}

/** @param cutAt - milliseconds since 1970; nodes of the lab have this machine's clock. */
function afterCut({ changes }: ClientLog, cutAt: number): { acknowledged: number; lastAt: number } {
  const acknowledged = changes.filter(({ was, at }) => was === 'ok' && at >= cutAt)
  return { acknowledged: acknowledged.length, lastAt: Math.max(0, ((acknowledged.at(-1)?.at ?? cutAt) - cutAt) / 1000) }
}

/** Of requests to the app. What was not answered well may have counted all the same. */
export function toldByRequests(requests: readonly Request[]): { values: number[]; unsure: number } {
  const posts = requests.filter(({ method }) => method === 'POST')
  const well = posts.filter(({ error }) => error === '')
  return { values: well.map(({ count }) => count ?? Number.POSITIVE_INFINITY), unsure: posts.length - well.length }
}

/**
 * Seconds until another server is master; asked from a node that is neither lost nor the one whose line tells the
 * placement.
 */
async function followed(
  on: ExperimentContext,
  lab: Lab,
  master: Master,
  { now, mark }: Watching,
  { lostAt, within }: { lostAt: number; within: number },
): Promise<number | undefined> {
  if (lab.topology === 'single' || lab.topology === 'replicas') return undefined
  const witness = (on.groups.swarm ?? []).find((name) => name !== master.node && name !== manager(on)) ?? manager(on)
  const { stdout } = await on.look({
    host: witness,
    timeout: within + 15,
    command: clientCommand(lab.stack, 'await-master', master.replicas.join(','), String(within)),
  })
  const next = readLines(stdout)[0]?.master
  if (typeof next !== 'string') {
    mark(`no other master within ${within} s`)
    return undefined
  }
  mark(`${next.split(':')[0]} is master`)
  return now() - lostAt
}

async function nodesReady(on: Pick<CareContext, 'watch' | 'groups'>): Promise<void> {
  const all = on.groups.swarm ?? []
  await on.watch({
    title: 'Every node is Ready',
    command: NODES,
    within: 180,
    until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
  })
}

/**
 * Gives back every node that may have been taken away, and removes the stacks. Works from wherever an experiment
 * stopped.
 */
export async function restoreNodes(on: CareContext): Promise<void> {
  for (const node of (on.groups.swarm ?? []).filter((name) => name !== manager(on))) {
    const { powerOff, cutOff } = faultsOf(on, node)
    await on.look(mending(cutOff)).catch(() => undefined)
    await on.look(mending(powerOff))
  }
  await nodesReady(on)
  await removeLabs(on)
}

/** The longest stretch without a write that succeeded, each time. */
export const outages = (lost: readonly Lost[]): string =>
  `no write succeeded for ${range(lost.map(({ writes }) => writes.outage))} at a stretch`

export const failovers = (lost: readonly Lost[]): number[] => lost.flatMap(({ tookOver }) => tookOver ?? [])

/** `5.2 s to 7.1 s`, or the one value. */
export function range(values: readonly number[]): string {
  if (values.length === 0) return 'never'
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return seconds(least) === seconds(most) ? seconds(least) : `${seconds(least)} to ${seconds(most)}`
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
