import { type Message, MessageError, PlaybookError, type WatchResult } from 'labbook'
import { counterStack } from '../../../app/entry-points.ts'
import { awaitSteadyState, requireSteadyState } from '../../../methods/steady-state.ts'
import { STACK } from '../../../app/stack.ts'
import { appVars } from '../../../app/vars.ts'
import { type LabContext, type LabSetupContext, say, type LabText } from '../../../messages/say.ts'
import type { Fault } from 'labbook/lab'
import { recoverFrom } from '../../../lab/recover.ts'
import type { MovableService } from '../../../methods/node-outage.ts'
import { watchAllReady, watchReady, type WatchTimes } from '../../../methods/nodes.ts'
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

/** A node opens its port some time after the replicas run. */
const [STEADY_SECONDS, STEADY_TIMES] = [300, 2]

/** Checks the steady state: every node is Ready and Active, and the app answers through every node. */
export async function checkSteadyState(on: LabSetupContext): Promise<void> {
  const nodes = await watchAllReady(on, { within: 60 })
  if (!nodes.reached)
    throw new MessageError(
      say('steady state not reached: not every node is Ready and Active (see exhibit "{exhibit}")', {
        exhibit: nodes.exhibit.id,
      }),
    )
  await requireApp(on)
}

/** @throws {MessageError} if the app does not reach its steady state. */
export const requireApp = (on: LabSetupContext): Promise<void> =>
  requireSteadyState(on, counterStack(on), STEADY_SECONDS, STEADY_TIMES)

/** Waits for the steady state of the app. @returns why it is not reached. */
export const awaitApp = (on: LabSetupContext): Promise<Message | undefined> =>
  awaitSteadyState(on, counterStack(on), STEADY_SECONDS, STEADY_TIMES)

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

/** Time in which replicas could return to a node. Swarm schedules tasks within a second of an event. */
export const OBSERVATION_SECONDS = 5

/** Checks whether replicas return to a node within some seconds. */
export async function countReturned(on: LabContext, node: string, seconds: number, title: LabText) {
  await on.pause(seconds, `replicas on ${node}`)
  const after = await on.exhibit({ title, command: replicasCommand(node) })
  const count = parseTasks(after.stdout).length
  return { holds: after.exitCode === 0 ? count === 0 : null, evidence: [after], count }
}

/** The replicas, which a fault of a node moves to others. */
export const movableReplicas = (on: Pick<LabSetupContext, 'hosts' | 'hostvars'>): MovableService[] => [
  { ...COUNTER_SERVICE, replicas: desiredReplicas(on) },
]

/** Rolls back a fault: recovers the node, waits until it is Ready, and lets it have a replica again. */
export async function restoreNode(on: LabSetupContext, node: string, fault: Fault, times: WatchTimes): Promise<void> {
  await recoverFrom(on, node, fault)
  await watchReady(on, node, times)
  await rebalanceTo(on, node)
}
