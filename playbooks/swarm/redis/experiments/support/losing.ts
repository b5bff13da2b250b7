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

/** Time limit for a failover. */
const FAILOVER_SECONDS = 60
/** Time limit for a failover if the old master restarts meanwhile. */
const RESTART_SECONDS = 20
/** How long requests continue before recovery: after a failover, or in a topology without one. */
const AFTER_FAILOVER_SECONDS = 5
const NO_FAILOVER_SECONDS = 15

/** A client on the isolated node that keeps writing to the old master. */
interface IsolatedClient {
  /** Replicas that must confirm each write (WAIT). */
  readonly waitReplicas: number
  readonly seconds: number
}

interface MasterLossOptions {
  readonly isolated?: IsolatedClient
  /** Runs after the master is known, before the fault. */
  readonly before?: () => Promise<void>
  /** The fault hits only Redis; its node keeps running. */
  readonly nodeStays?: boolean
}

/** Result of one loss of the master. */
export interface Lost {
  readonly master: Master
  /** undefined if a count is unknown. */
  readonly loss: Loss | undefined
  /** Requests through the fromIsolated nodes during the downtime of the master. */
  readonly writes: Fared
  readonly all: Fared
  /** Seconds until another server reported the role master. */
  readonly failoverAfter: number | undefined
  /** Requests that succeeded after the failover, before recovery of the old master. */
  readonly afterwards: { readonly reads: number; readonly writes: number }
  /** Downtime in seconds: from the completed fault to the start of recovery. */
  readonly away: number
  /** Log of the isolated client, and its acknowledged writes after the partition. */
  readonly isolated?: ClientLog & { readonly acknowledged: number; readonly lastAt: number }
  readonly exhibits: readonly Exhibit[]
}

/** Kills the Redis process like the OOM killer, without a graceful shutdown. Swarm restarts it. */
export const killRedis = ({ stack }: Lab, { server, node }: Master): Fault => ({
  says: `Redis is killed on ${node}`,
  how: { make: `docker kill --signal KILL ${server.split(':')[0]}`, mend: 'Swarm restarts it' },
  host: node,
  become: true,
  mendSeconds: 60,
  make: `docker kill --signal KILL $(${containerOf(stack, server.split(':')[0] as string)})`,
  mend: 'true',
})

/** Makes sure that the master is not on the manager, which observes; with Sentinel by a failover. */
async function moveMasterOffManager(on: ExperimentContext, lab: Lab): Promise<Master> {
  for (let tries = 0; tries < 5; tries++) {
    const master = await masterNow(on, lab)
    if (master.node !== manager(on)) return master
    if (lab.topology === 'sentinel') await ask(on, lab, lab.sentinels.slice(0, 1), ['SENTINEL', 'FAILOVER', 'counter'])
    else throw new Error(`the Redis master runs on the manager ${master.node}, which must observe its loss`)
    await sleep(5000, undefined, { signal: on.signal })
    await whole(on, lab)
  }
  throw new Error(`the Redis master stays on the manager ${manager(on)}, which must observe its loss`)
}

/** Injects a fault into the master under load, waits for a failover, recovers the master, and compares the counts. */
export async function loseMaster(
  on: ExperimentContext,
  lab: Lab,
  title: string,
  faultOf: (master: Master) => Fault,
  { isolated, before, nodeStays = false }: MasterLossOptions = {},
): Promise<Lost> {
  if (lab.topology === 'cluster') {
    // After an earlier failover two masters may share a node; losing both would lose the majority.
    await formed(on, lab)
    await whole(on, lab)
  }
  const master = await moveMasterOffManager(on, lab)
  await before?.()
  const fault = faultOf(master)
  const cluster = watchedSwarm(on, on.hosts.slice(0, 1), {
    doors: lab.doors,
    services: [...lab.servers.map((server) => `${lab.stack}_${server.split(':')[0]}`), `${lab.stack}_counter`],
  })
  const observed = await underWatch(
    on,
    { title, cluster, doors: (node) => nodeStays || node !== master.node },
    async (watching) => {
      const { now, mark } = watching
      await sleep(2000, undefined, { signal: on.signal })
      const began = Date.now()
      if (isolated !== undefined) await startIsolated(on, lab, master, isolated)
      const startedAt = now()
      const injected = await on.exhibit({ title: fault.says, ...making(fault) })
      if (injected.exitCode !== 0) throw new Error(`cannot inject fault: ${fault.says} (see exhibit "${injected.id}")`)
      mark(fault.says)
      const [injectedAtEpoch, injectedAt] = [Date.now(), now()]
      const failoverAfter = await waitForFailover(on, lab, master, watching, {
        startedAt,
        within: nodeStays ? RESTART_SECONDS : FAILOVER_SECONDS,
      })
      const remaining = isolated === undefined ? 0 : isolated.seconds + 1 - (Date.now() - began) / 1000
      await sleep(
        Math.max(
          remaining,
          lab.topology === 'single' || lab.topology === 'replicas' ? NO_FAILOVER_SECONDS : AFTER_FAILOVER_SECONDS,
        ) * 1000,
        undefined,
        { signal: on.signal },
      )
      const recoveryAt = now()
      mark('recovery started')
      const recovered = await on.exhibit({ title: `Recover from: ${fault.says}`, ...mending(fault) })
      await nodesReady(on)
      await whole(on, lab, 240)
      mark('stack healthy')
      await sleep(1000, undefined, { signal: on.signal })
      const log =
        isolated === undefined
          ? undefined
          : readLog(
              (
                await on.exhibit({
                  title: `Log of the client on ${master.node}`,
                  host: master.node,
                  command: `cat ${LOG}`,
                })
              ).stdout,
            )
      return { injected, recovered, failoverAfter, startedAt, injectedAt, recoveryAt, injectedAtEpoch, log }
    },
  )
  const {
    value: { injected, recovered, failoverAfter, startedAt, injectedAt, recoveryAt, injectedAtEpoch, log },
    requests,
    counts,
  } = observed
  const between = requests.filter(({ at }) => at >= startedAt * 1000 && at <= recoveryAt * 1000)
  const fromApp = toldByRequests(requests)
  const fromIsolated = toldOf(log?.changes ?? [])
  return {
    master,
    failoverAfter,
    away: recoveryAt - injectedAt,
    all: fared(between, recoveryAt),
    writes: fared(
      between.filter(({ method }) => method === 'POST'),
      recoveryAt,
    ),
    afterwards: countSuccessful(
      between.filter(({ at }) => failoverAfter !== undefined && at >= (startedAt + failoverAfter) * 1000),
    ),
    loss: lossOf(
      { values: [...fromApp.values, ...fromIsolated.values], unsure: fromApp.unsure + fromIsolated.unsure },
      counts.before,
      counts.after,
    ),
    ...(log === undefined ? {} : { isolated: { ...log, ...acknowledgedAfter(log, injectedAtEpoch) } }),
    exhibits: [injected, observed.exhibit, recovered],
  }
}

const countSuccessful = (requests: readonly Request[]): { reads: number; writes: number } => {
  const successful = requests.filter(({ error }) => error === '')
  const writes = successful.filter(({ method }) => method === 'POST').length
  return { reads: successful.length - writes, writes }
}

const LOG = `/run/${LAB}-isolated.log`

/** Starts a detached client on the node that logs to a file there, as the connection will be lost. */
async function startIsolated(
  on: ExperimentContext,
  { stack }: Lab,
  { node, address }: Master,
  { seconds: howLong, waitReplicas }: IsolatedClient,
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

/** @param injectedAtEpoch - milliseconds since 1970; lab nodes share this machine's clock. */
function acknowledgedAfter({ changes }: ClientLog, injectedAtEpoch: number): { acknowledged: number; lastAt: number } {
  const acknowledged = changes.filter(({ was, at }) => was === 'ok' && at >= injectedAtEpoch)
  return {
    acknowledged: acknowledged.length,
    lastAt: Math.max(0, ((acknowledged.at(-1)?.at ?? injectedAtEpoch) - injectedAtEpoch) / 1000),
  }
}

/** Acknowledged counts of requests to the app. Failed increments are indeterminate: they may have been applied. */
export function toldByRequests(requests: readonly Request[]): { values: number[]; unsure: number } {
  const posts = requests.filter(({ method }) => method === 'POST')
  const successful = posts.filter(({ error }) => error === '')
  return {
    values: successful.map(({ count }) => count ?? Number.POSITIVE_INFINITY),
    unsure: posts.length - successful.length,
  }
}

/** Seconds until another server is master. Queried from a node that is neither faulty nor the observing manager. */
async function waitForFailover(
  on: ExperimentContext,
  lab: Lab,
  master: Master,
  { now, mark }: Watching,
  { startedAt, within }: { startedAt: number; within: number },
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
    mark(`no fromIsolated master within ${within} s`)
    return undefined
  }
  mark(`${next.split(':')[0]} is master`)
  return now() - startedAt
}

async function nodesReady(on: Pick<CareContext, 'watch' | 'groups'>): Promise<void> {
  const all = on.groups.swarm ?? []
  await on.watch({
    title: 'Nodes until all are Ready',
    command: NODES,
    within: 180,
    until: ({ stdout }) => all.every((name) => isReady(stdout, name)),
  })
}

/** Recovers every node that may be faulty and removes the stacks. Idempotent, also after an interruption. */
export async function restoreNodes(on: CareContext): Promise<void> {
  for (const node of (on.groups.swarm ?? []).filter((name) => name !== manager(on))) {
    const { powerOff, cutOff } = faultsOf(on, node)
    await on.look(mending(cutOff)).catch(() => undefined)
    await on.look(mending(powerOff))
  }
  await nodesReady(on)
  await removeLabs(on)
}

/** Longest write outage of each run. */
export const outages = (lost: readonly Lost[]): string =>
  `write outage ${range(lost.map(({ writes }) => writes.outage))}`

export const failovers = (lost: readonly Lost[]): number[] => lost.flatMap(({ failoverAfter }) => failoverAfter ?? [])

/** `5.2 s to 7.1 s`, or the one value. */
export function range(values: readonly number[]): string {
  if (values.length === 0) return 'never'
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return seconds(min) === seconds(max) ? seconds(min) : `${seconds(min)} to ${seconds(max)}`
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
