import { MessageError } from 'labbook'
import { isReady, NODES } from '../../swarm/experiments/support/cluster.ts'
import { type LabSetupContext, say, joinTexts } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import { fullName, isRunning, parseTasks, serviceTasks, tasksCommand } from '../services.ts'
import type { ProveRun, Session } from '../session.ts'
import { matchingNodes } from '../swarm-nodes.ts'
import { scaleCommand } from './scale.ts'
import { requireSteadyState } from './service-experiment.ts'

/** The last active worker without a task of a stateful service that is not named. @throws if there is none. */
export async function targetNode(on: LabSetupContext, run: ProveRun): Promise<string> {
  const { model, stack } = run.inspected
  const untouchable = model.services.filter(
    ({ role, name }) => role === 'stateful' && run.named?.includes(name) !== true,
  )
  const occupied = new Map<string, string>()
  for (const { name } of untouchable)
    for (const { node } of (await serviceTasks(on, fullName({ stack }, name))).filter(isRunning))
      occupied.set(node, name)
  const { stdout } = await on.exec({ command: NODES })
  // A node that its administrator drained must stay drained.
  const active = (on.groups.swarm_workers ?? []).filter((worker) => isReady(stdout, worker))
  const free = active.filter((worker) => !occupied.has(worker))
  const node = free.at(-1)
  if (node !== undefined) return node
  throw new MessageError(
    active.length === 0
      ? say('no worker is Ready and Active: this experiment disturbs a node that is not a manager')
      : say(
          'every active worker runs a task of a stateful service ({tasks}): pin them to one node, or name them with -e services=...',
          { tasks: joinTexts([...occupied].map(([at, name]) => say('{name} on {at}', { name, at }))) },
        ),
  )
}

/**
 * Lets the node run a task of each service, as far as the services have more than one replica: Swarm does not move
 * tasks to a node that is back, so Labbook scales up by one and back.
 */
export async function placeTasksOn(
  on: LabSetupContext,
  session: Session,
  services: readonly StackService[],
  node: string,
): Promise<void> {
  for (const service of services) {
    const { maxPerNode, replicas, constraints } = service
    const name = fullName(session, service.name)
    const limit = maxPerNode === 0 ? Infinity : maxPerNode * session.nodes.length
    const canRun = matchingNodes(session.nodes, constraints).some(({ hostname }) => hostname === node)
    const isThere = (await serviceTasks(on, name)).some((task) => isRunning(task) && task.node === node)
    if (isThere || !canRun || replicas < 2 || replicas >= limit) continue
    try {
      await on.exec({ command: scaleCommand(name, replicas + 1) })
      await on.watch({
        title: say('Tasks of {service} on {node}', { service: service.name, node }),
        command: tasksCommand(name),
        within: 60,
        until: ({ stdout }) => parseTasks(stdout).some((task) => isRunning(task) && task.node === node),
      })
    } finally {
      await on.exec({ command: scaleCommand(name, replicas) })
    }
  }
  await requireSteadyState(on, session)
}
