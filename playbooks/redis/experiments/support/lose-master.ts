import { setTimeout as sleep } from 'node:timers/promises'
import { type Exhibit, MessageError } from 'labbook'
import type { Fault } from 'labbook/lab'
import { counterTargets } from '../../../app/entry-points.ts'
import { describedBy } from '../../../lab/faults.ts'
import { injectFault } from '../../../lab/inject-fault.ts'
import { recordRecovery } from '../../../lab/recover.ts'
import { type LabContext, type LabText, say } from '../../../messages/say.ts'
import { watchAllReady } from '../../../methods/nodes.ts'
import { observeDuring, stackCluster, type TimelineRecorder } from '../../../methods/observe.ts'
import { requestStats, type RequestStats } from '../../../methods/requests.ts'
import type { RequestResult } from '../../../methods/steady-probe.ts'
import { manager } from '../../../swarm/experiments/support/cluster.ts'
import { clientCommand, query } from './client.ts'
import { acknowledgedAfter, type IsolatedClient, readIsolatedLog, startIsolated } from './isolated-client.ts'
import { containerOf, createCluster, type LabStack, waitForHealthy } from './lab-stack.ts'
import {
  acknowledgedByRequests,
  acknowledgedCounts,
  type ClientLog,
  type Loss,
  lossOf,
  parseJsonLines,
} from './lost-writes.ts'
import { currentMaster, type Master } from './master.ts'

/** Time limit for a failover. */
const FAILOVER_SECONDS = 60
/** Time limit for a failover if the old master restarts meanwhile. */
const RESTART_SECONDS = 20
/** How long requests continue before recovery: after a failover, or in a topology without one. */
const AFTER_FAILOVER_SECONDS = 5
const NO_FAILOVER_SECONDS = 15

interface MasterLossOptions {
  readonly isolated?: IsolatedClient
  /** Runs after the master is known, before the fault. */
  readonly before?: () => Promise<void>
  /** The fault hits only Redis; its node keeps running. */
  readonly nodeStays?: boolean
}

/** Result of one loss of the master. */
export interface MasterLoss {
  readonly master: Master
  /** undefined if a count is unknown. */
  readonly loss: Loss | undefined
  /** Requests through the fromIsolated nodes during the downtime of the master. */
  readonly writes: RequestStats
  readonly allRequests: RequestStats
  /** Seconds until another server reported the role master. */
  readonly failoverSeconds: number | undefined
  /** Requests that succeeded after the failover, before recovery of the old master. */
  readonly afterFailover: { readonly reads: number; readonly writes: number }
  /** Downtime in seconds: from the completed fault to the start of recovery. */
  readonly downtime: number
  /** Log of the isolated client, and its acknowledged writes after the partition. */
  readonly isolated?: ClientLog & { readonly acknowledged: number; readonly lastAt: number }
  readonly exhibits: readonly Exhibit[]
}

/** Kills the Redis process like the OOM killer, without a graceful shutdown. Swarm restarts it. */
export const killRedis = ({ stack }: LabStack, { server, node }: Master): Fault => ({
  ...describedBy(say('Redis is killed on {node}', { node })),
  summary: { inject: `docker kill --signal KILL ${server.split(':')[0]}`, recover: 'Swarm restarts it' },
  host: node,
  become: true,
  recoverSeconds: 60,
  inject: `docker kill --signal KILL $(${containerOf(stack, server.split(':')[0] as string)})`,
  recover: 'true',
})

/** Makes sure that the master is not on the manager, which observes; with Sentinel by a failover. */
async function moveMasterOffManager(on: LabContext, lab: LabStack): Promise<Master> {
  for (let tries = 0; tries < 5; tries++) {
    const master = await currentMaster(on, lab)
    if (master.node !== manager(on)) return master
    if (lab.topology === 'sentinel')
      await query(on, lab, lab.sentinels.slice(0, 1), ['SENTINEL', 'FAILOVER', 'counter'])
    else
      throw new MessageError(
        say('the Redis master runs on the manager {node}, which must observe its loss', { node: master.node }),
      )
    await sleep(5000, undefined, { signal: on.signal })
    await waitForHealthy(on, lab)
  }
  throw new MessageError(
    say('the Redis master stays on the manager {node}, which must observe its loss', { node: manager(on) }),
  )
}

/** Injects a fault into the master under load, waits for a failover, recovers the master, and compares the counts. */
export async function loseMaster(
  on: LabContext,
  lab: LabStack,
  title: LabText,
  faultOf: (master: Master) => Fault,
  { isolated, before, nodeStays = false }: MasterLossOptions = {},
): Promise<MasterLoss> {
  if (lab.topology === 'cluster') {
    // After an earlier failover two masters may share a node; losing both would lose the majority.
    await createCluster(on, lab)
    await waitForHealthy(on, lab)
  }
  const master = await moveMasterOffManager(on, lab)
  await before?.()
  const fault = faultOf(master)
  const cluster = stackCluster(on, {
    stack: lab.stack,
    services: [...lab.servers.map((server) => server.split(':')[0] as string), 'counter'],
    targets: counterTargets(lab.endpoints),
  })
  const observed = await observeDuring(
    on,
    { title, cluster, endpoints: (node) => nodeStays || node !== master.node },
    async (watching) => {
      const { now, mark } = watching
      await sleep(2000, undefined, { signal: on.signal })
      const began = Date.now()
      if (isolated !== undefined) await startIsolated(on, lab, master, isolated)
      const startedAt = now()
      const injected = await injectFault(on, fault)
      mark(fault.text)
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
      const recovered = await recordRecovery(
        on,
        master.node,
        fault,
        say('Recover from: {description}', { description: fault.text }),
      )
      await watchAllReady(on, { within: 180 })
      await waitForHealthy(on, lab, 240)
      mark('stack healthy')
      await sleep(1000, undefined, { signal: on.signal })
      const log = isolated === undefined ? undefined : await readIsolatedLog(on, master.node)
      return { injected, recovered, failoverAfter, startedAt, injectedAt, recoveryAt, injectedAtEpoch, log }
    },
  )
  const {
    value: { injected, recovered, failoverAfter, startedAt, injectedAt, recoveryAt, injectedAtEpoch, log },
    requests,
    counts,
  } = observed
  const between = requests.filter(({ at }) => at >= startedAt * 1000 && at <= recoveryAt * 1000)
  const fromApp = acknowledgedByRequests(requests)
  const fromIsolated = acknowledgedCounts(log?.changes ?? [])
  return {
    master,
    failoverSeconds: failoverAfter,
    downtime: recoveryAt - injectedAt,
    allRequests: requestStats(between, recoveryAt),
    writes: requestStats(
      between.filter(({ method }) => method === 'POST'),
      recoveryAt,
    ),
    afterFailover: countSuccessful(
      between.filter(({ at }) => failoverAfter !== undefined && at >= (startedAt + failoverAfter) * 1000),
    ),
    loss: lossOf(
      {
        values: [...fromApp.values, ...fromIsolated.values],
        indeterminate: fromApp.indeterminate + fromIsolated.indeterminate,
      },
      counts.before,
      counts.after,
    ),
    ...(log === undefined ? {} : { isolated: { ...log, ...acknowledgedAfter(log, injectedAtEpoch) } }),
    exhibits: [injected, observed.exhibit, recovered],
  }
}

const countSuccessful = (requests: readonly RequestResult[]): { reads: number; writes: number } => {
  const successful = requests.filter(({ error }) => error === '')
  const writes = successful.filter(({ method }) => method === 'POST').length
  return { reads: successful.length - writes, writes }
}

/** Seconds until another server is master. Queried from a node that is neither faulty nor the observing manager. */
async function waitForFailover(
  on: LabContext,
  lab: LabStack,
  master: Master,
  { now, mark }: TimelineRecorder,
  { startedAt, within }: { startedAt: number; within: number },
): Promise<number | undefined> {
  if (lab.topology === 'single' || lab.topology === 'replicas') return undefined
  const witness = (on.groups.swarm ?? []).find((name) => name !== master.node && name !== manager(on)) ?? manager(on)
  const { stdout } = await on.exec({
    host: witness,
    timeout: within + 15,
    command: clientCommand(lab.stack, 'await-master', master.replicas.join(','), String(within)),
  })
  const next = parseJsonLines(stdout)[0]?.master
  if (typeof next !== 'string') {
    mark(say('no other master within {within} s', { within }))
    return undefined
  }
  mark(say('{server} is master', { server: next.split(':')[0] ?? '' }))
  return now() - startedAt
}
