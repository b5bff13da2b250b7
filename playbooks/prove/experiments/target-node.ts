import { MessageError } from 'labbook'
import { isReady, isUpdateOver, NODES } from '../../swarm/experiments/support/cluster.ts'
import { type LabSetupContext, say, joinTexts } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import { fullName, isRunning, serviceTasks } from '../../methods/tasks.ts'
import type { ProveRun, Session } from '../session.ts'
import { matchingNodes } from '../swarm-nodes.ts'
import { requireSteadyState } from './service-experiment.ts'

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
    const name = fullName(session, service.name)
    const limit = maxPerNode === 0 ? Infinity : maxPerNode * session.nodes.length
    const isThere = (await serviceTasks(on, name)).some((task) => isRunning(task) && task.node === node)
    if (isThere || replicas < 2 || replicas >= limit || !isAllowedOn(session, service, node)) continue
    await spreadTasks(on, service.name, name)
  }
  await requireSteadyState(on, session)
}

/** Prints the state and the start of the latest update; `none` without one. */
const updateOf = (name: string): string =>
  `docker service inspect ${name} --format '{{with .UpdateStatus}}{{.State}} {{.StartedAt}}{{else}}none{{end}}'`

/**
 * Replaces the tasks of a service, and waits for the end.
 *
 * @throws {MessageError} if the update cannot be started, or is not over in time.
 */
export async function spreadTasks(on: LabSetupContext, service: string, name: string): Promise<void> {
  // An earlier update may be over as well: the one that is waited for began later.
  const { stdout: earlier } = await on.exec({ command: updateOf(name) })
  const { exitCode, stderr } = await on.exec({ command: `docker service update --detach --quiet --force ${name}` })
  if (exitCode !== 0)
    throw new MessageError(say('cannot update {service}: {stderr}', { service, stderr: stderr.trim() }))
  const { reached, exhibit } = await on.watch({
    title: say('Update that spreads the tasks of {service}', { service }),
    waitingFor: `the update of ${service}`,
    command: updateOf(name),
    within: 240,
    until: ({ stdout }) => stdout !== earlier && isUpdateOver(stdout),
  })
  if (!reached)
    throw new MessageError(
      say('the update of {service} is not over (see exhibit "{exhibit}")', { service, exhibit: exhibit.id }),
    )
}
