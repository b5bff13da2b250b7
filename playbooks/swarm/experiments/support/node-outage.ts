import { type Exhibit, type WatchResult } from 'labbook'
import { recovery, type Fault } from 'labbook/lab'
import { injectFault } from '../../../lab/inject-fault.ts'
import { recoverFrom } from '../../../lab/recover.ts'
import { type LabContext, type LabSetupContext, say } from '../../../messages/say.ts'
import { isDown, isReady, NODES, rebalanceTo, waitForReplicas } from './cluster.ts'
import type { TimelineRecorder } from '../../../methods/observe.ts'

interface Outage {
  readonly injectedAt: number
  readonly injected: Exhibit
  readonly down: WatchResult
  /** Seconds from the fault until the manager marks the node Down. */
  readonly downAfter: number
  readonly replicas: WatchResult
  /** Seconds from the fault until all replicas run on other nodes. */
  readonly replacedAfter: number
}

interface Recovery {
  readonly recovered: Exhibit
  readonly ready: WatchResult
}

/** Seconds to wait until the node is Down, and until its replicas run on other nodes. */
interface OutageTimeouts {
  readonly down: number
  readonly replicas?: number
}

/** Seconds to wait until the node is Ready, and between two checks. */
interface ReadyTimeouts {
  readonly within: number
  readonly every?: number
}

/**
 * Injects a fault into a node, and waits until it is Down and all replicas run on other nodes.
 *
 * @throws {Error} if the fault cannot be injected.
 */
export async function injectNodeFault(
  on: LabContext,
  node: string,
  fault: Fault,
  { mark, now }: TimelineRecorder,
  within: OutageTimeouts,
): Promise<Outage> {
  const injectedAt = now()
  const injected = await injectFault(on, fault)
  mark(fault.text)
  const down = await on.watch({
    title: say('Nodes until {node} is Down', { node }),
    waitingFor: `${node} Down`,
    command: NODES,
    within: within.down,
    until: ({ stdout }) => isDown(stdout, node),
  })
  const downAfter = now() - injectedAt
  mark(say('{node} Down', { node }))
  const replicas = await waitForReplicas(on, 'Replicas on the other nodes', [node], within.replicas)
  const replacedAfter = now() - injectedAt
  mark('all replicas run')
  return { injectedAt, injected, down, downAfter, replicas, replacedAfter }
}

/** Recovers a node from a fault, and waits until it is Ready. */
export async function recoverNode(
  on: LabContext,
  node: string,
  fault: Fault,
  { mark }: TimelineRecorder,
  timeouts: ReadyTimeouts,
): Promise<Recovery> {
  const recovered = await on.exhibit({ title: say('Recover {node}', { node }), ...recovery(fault) })
  const ready = await on.watch({
    title: say('Nodes until {node} is Ready', { node }),
    waitingFor: `${node} Ready`,
    command: NODES,
    ...timeouts,
    until: ({ stdout }) => isReady(stdout, node),
  })
  mark(say('{node} Ready', { node }))
  return { recovered, ready }
}

/** Rolls back a fault: recovers the node, waits until it is Ready, and lets it have a replica again. */
export async function restoreNode(
  on: LabSetupContext,
  node: string,
  fault: Fault,
  timeouts: ReadyTimeouts,
): Promise<void> {
  await recoverFrom(on, node, fault)
  await on.watch({
    title: say('Status of {node}', { node }),
    command: NODES,
    ...timeouts,
    until: ({ stdout }) => isReady(stdout, node),
  })
  await rebalanceTo(on, node)
}
