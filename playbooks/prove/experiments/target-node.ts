import { MessageError } from 'labbook'
import { isReady, NODES } from '../../methods/nodes.ts'
import { NO_TIMELINE } from '../../methods/observe.ts'
import { forceUpdate } from '../../methods/updates.ts'
import { type LabSetupContext, say, joinTexts } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import { fullName, isRunning, namedService, serviceTasks } from '../../methods/tasks.ts'
import type { ProveRun, Session } from '../session.ts'
import { matchingNodes } from '../swarm-nodes.ts'
import { requireSteadyState } from '../../methods/steady-state.ts'

/**
 * The active worker that runs tasks of most of the services, and none of a stateful service that is not named. A node
 * that was disturbed before has lost its tasks to the others.
 *
 * @throws if there is none.
 */
export async function targetNode(
  on: LabSetupContext,
  run: ProveRun,
  services: readonly StackService[],
): Promise<string> {
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
  const counts = new Map(free.map((worker) => [worker, 0]))
  for (const { name } of services) {
    const nodes = new Set((await serviceTasks(on, fullName({ stack }, name))).filter(isRunning).map(({ node }) => node))
    for (const node of nodes) if (counts.has(node)) counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  const most = Math.max(...counts.values())
  const node = free.findLast((worker) => counts.get(worker) === most)
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

/** Whether the constraints of a service allow a node. */
export const isAllowedOn = ({ nodes }: Session, { constraints }: StackService, node: string): boolean =>
  matchingNodes(nodes, constraints).some(({ hostname }) => hostname === node)

/**
 * Lets the node run a task of each service, as far as the services have more than one replica. A forced update replaces
 * the tasks, and Swarm starts the new ones on the nodes with the fewest. (If Labbook scaled up and down, Swarm would
 * remove the new task first.)
 */
export async function placeTasksOn(
  on: LabSetupContext,
  session: Session,
  services: readonly StackService[],
  node: string,
): Promise<void> {
  for (const service of services) {
    const { maxPerNode, replicas } = service
    const named = namedService(session, service.name)
    const limit = maxPerNode === 0 ? Infinity : maxPerNode * session.nodes.length
    const isThere = (await serviceTasks(on, named.fullName)).some((task) => isRunning(task) && task.node === node)
    if (isThere || replicas < 2 || replicas >= limit || !isAllowedOn(session, service, node)) continue
    await forceUpdate(on, named, NO_TIMELINE)
  }
  await requireSteadyState(on, session)
}
