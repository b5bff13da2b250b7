import { PlaybookError, type WatchResult, MessageError } from 'labbook'
import { waitForStack } from '../../../app/proof.ts'
import { STACK } from '../../../app/stack.ts'
import { appVars } from '../../../app/vars.ts'
import { type LabSetupContext, say, type LabText } from '../../../messages/say.ts'
import { isReady, NODES } from '../../../methods/nodes.ts'
import { scaleCommand } from '../../../methods/scale.ts'
import { isRunning, namedService, parseTasks, tasksCommand, type StackTask } from '../../../methods/tasks.ts'

export const COUNTER_SERVICE = namedService({ stack: STACK }, 'counter')
export const COUNTER = COUNTER_SERVICE.fullName

/** The node to inject faults into: the last worker, so that the manager and Redis with its volume stay up. */
export function targetNode({ groups }: Pick<LabSetupContext, 'groups'>): string {
  const node = groups.swarm_workers?.at(-1)
  if (node === undefined)
    throw new PlaybookError('group swarm_workers has no host: this experiment needs a worker to inject a fault into')
  return node
}

export const manager = ({ hosts }: Pick<LabSetupContext, 'hosts'>): string => hosts[0] as string

/** Number of replicas in the inventory. */
export const desiredReplicas = (on: Pick<LabSetupContext, 'hosts' | 'hostvars'>): number =>
  appVars.read(on.hostvars(manager(on))).counter_replicas

/** Largest number of replicas that `max_replicas_per_node` allows on all nodes together. */
export function maxReplicas(on: Pick<LabSetupContext, 'groups' | 'hosts' | 'hostvars'>): number {
  const { counter_max_per_node: maxPerNode } = appVars.read(on.hostvars(manager(on)))
  return maxPerNode === 0 ? Infinity : maxPerNode * (on.groups.swarm ?? []).length
}

/** Checks the steady state: every node is Ready and Active, and the app answers through every node. */
export async function checkSteadyState(on: LabSetupContext): Promise<void> {
  const wanted = on.groups.swarm ?? []
  const nodes = await on.watch({
    title: 'Nodes before the experiment',
    command: NODES,
    within: 60,
    until: ({ stdout }) => wanted.every((name) => isReady(stdout, name)),
  })
  if (!nodes.reached)
    throw new MessageError(
      say('steady state not reached: not every node is Ready and Active (see exhibit "{exhibit}")', {
        exhibit: nodes.exhibit.id,
      }),
    )
  const [error] = await waitForStack(on)
  if (error !== undefined)
    throw new MessageError(
      say('steady state not reached: the app does not answer through every node ({error})', { error }),
    )
}

/** Waits until the desired number of replicas run on nodes other than `without`. */
export function waitForReplicas(
  on: LabSetupContext,
  title: LabText,
  without: readonly string[] = [],
  within = 180,
): Promise<WatchResult> {
  const wanted = desiredReplicas(on)
  return on.watch({
    title,
    command: tasksCommand(COUNTER),
    within,
    until: ({ stdout }) => runningReplicas(stdout, without).length >= wanted,
  })
}

/** The replicas that run on nodes other than `without`. */
export const runningReplicas = (stdout: string, without: readonly string[] = []): StackTask[] =>
  parseTasks(stdout).filter((task) => isRunning(task) && !without.includes(task.node))

/** Command that lists the replicas scheduled on a node. */
export const replicasCommand = (node: string): string =>
  tasksCommand(`${COUNTER} --filter desired-state=running --filter node=${node}`)

/**
 * Places a replica on a recovered node, as Swarm does not move running replicas there: Labbook scales up by one so that
 * a replica lands on the node, then scales back. (A forced update would restart all replicas.) Waits first for lost
 * replicas to be replaced; while managers still count the node's own replicas as running, nothing is scaled.
 */
export async function rebalanceTo(on: LabSetupContext, node: string): Promise<void> {
  const wanted = desiredReplicas(on)
  await waitForReplicas(on, 'Replicas before rebalancing', [], 120)
  const { stdout: ownReplicas } = await on.exec({ command: replicasCommand(node) })
  if (ownReplicas.trim() !== '' || maxReplicas(on) <= wanted) return
  try {
    await on.exec({ command: scaleCommand(COUNTER_SERVICE, wanted + 1) })
    await on.watch({
      title: say('Replicas on {node}', { node }),
      command: replicasCommand(node),
      within: 180,
      until: ({ stdout }) => runningReplicas(stdout).length > 0,
    })
  } finally {
    await on.exec({ command: scaleCommand(COUNTER_SERVICE, wanted) })
  }
}

/** Counts the replicas of each node. */
export const SPREAD = `docker service ps ${COUNTER} --filter desired-state=running --format '{{.Node}}' | sort | uniq -c`
