import { durationMultiplierOf, type Exhibit, type Message, MessageError } from 'labbook'
import { injectFault } from '../../lab/inject-fault.ts'
import { undoOn } from '../../lab/recover.ts'
import { type LabContext, type LabSetupContext, say, inSeconds } from '../../messages/say.ts'
import { recovery } from 'labbook/lab'
import { isDown, isReady, NODES } from '../../swarm/experiments/support/cluster.ts'
import { imageRegistry } from '../databases.ts'
import type { ExperimentKind } from '../kinds.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import { fullName, isRunning, parseTasks, tasksCommand, type StackTask } from '../../methods/tasks.ts'
import { awaitSteadyState, type Session } from '../session.ts'
import { NODE_FAULTS, REGISTRY_BACK, registryAway, type NodeKind } from './node-faults.ts'
import type { ClaimVerdict } from './service-experiment.ts'
import { availability, maxOutage, unlessPartitioned } from '../../methods/verdicts.ts'

const LOSES_NODE: ReadonlySet<ExperimentKind> = new Set(['power-cut', 'cut-off', 'daemon-stopped'])
const HOLD_SECONDS = 20
const MOVE_SECONDS = 150

/** Waits until a node is Ready and Active. */
export const watchReady = (on: LabSetupContext, node: string) =>
  on.watch({
    title: say('Nodes until {node} is Ready', { node }),
    waitingFor: `${node} Ready`,
    command: NODES,
    within: 240,
    until: ({ stdout }) => isReady(stdout, node),
  })

/** Tasks of all services of the stack, by service. */
const allTasksCommand = (session: Session, services: readonly StackService[]): string =>
  services.map(({ name }) => `echo "== ${name}"; ${tasksCommand(fullName(session, name))}`).join('; ') || 'true'

const parseAllTasks = (stdout: string): Map<string, StackTask[]> =>
  new Map(
    stdout
      .split(/^== /m)
      .slice(1)
      .map((section) => [section.split('\n')[0] ?? '', parseTasks(section)]),
  )

const runElsewhere = (tasks: readonly StackTask[], node: string): number =>
  tasks.filter((task) => isRunning(task) && task.node !== node).length

/** Injects the fault, waits for the tasks to move or for a while, and recovers the node. */
export async function disturbNode(
  on: LabContext,
  session: Session,
  kind: NodeKind,
  node: string,
  services: readonly StackService[],
  moves: boolean,
) {
  const fault = NODE_FAULTS[kind](on, node)
  const command = allTasksCommand(session, services)
  const observed = await observeStack(
    on,
    session,
    say('Timeline: {description}', { description: titleOf(kind, fault.text) }),
    async (watching) => {
      const { mark, now } = watching
      const before = await on.exhibit({ title: 'Tasks before', command })
      if (kind === 'registry-away') await blockRegistries(on, session)
      const began = now()
      const injected = await injectFault(on, fault)
      mark(fault.text)
      const after = moves
        ? await on.watch({
            title: say('Tasks until all run without {node}', { node }),
            waitingFor: `the tasks of ${node} to run on other nodes`,
            command,
            within: MOVE_SECONDS,
            until: ({ stdout, exitCode }) =>
              exitCode === 0 && haveMoved(parseAllTasks(stdout), services, node, now() - began),
          })
        : undefined
      if (kind === 'power-cut' || kind === 'cut-off')
        await on.watch({
          title: say('Nodes until {node} is Down', { node }),
          waitingFor: `${node} Down`,
          command: NODES,
          within: 120,
          until: ({ stdout }) => isDown(stdout, node),
        })
      if (!moves) await on.pause(HOLD_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `effects on ${node}`)
      const until = now()
      mark(moves ? 'tasks run on other nodes' : 'fault ends')
      if (kind === 'registry-away')
        for (const host of on.groups.swarm ?? []) await undoOn(on, host, { host, command: REGISTRY_BACK })
      const recovered = await on.exhibit({ title: say('Recover {node}', { node }), ...recovery(fault) })
      await watchReady(on, node)
      mark(say('{node} Ready', { node }))
      const problem = await awaitSteadyState(on, session)
      return { before, injected, after, began, until, recovered, problem, recoveredAfter: now() - until }
    },
  )
  const { before, injected, after, began, until, recovered, problem, recoveredAfter } = observed.value
  const tasksBefore = parseAllTasks(before.stdout)
  const evidence = [before, injected, ...(after === undefined ? [] : [after.exhibit]), observed.exhibit]
  const moved = movesVerdicts(services, node, before, after?.exhibit.stdout ?? '', {
    seconds: until - began,
    evidence,
  })
  const alone = services.filter(({ name }) => runElsewhere(tasksBefore.get(name) ?? [], node) === 0)
  const outages = availability(observed, maxOutage(on), { from: began, to: until, without: node })
  const available: ClaimVerdict = {
    // A node that is lost is lost to the gossip, too.
    ...(LOSES_NODE.has(kind)
      ? { ...outages, evidence: [observed.exhibit] }
      : await unlessPartitioned(on, observed, outages)),
    facts: { alone: alone.map(({ name }) => name).join(',') },
  }
  const recovers: ClaimVerdict = {
    holds: problem === undefined,
    evidence: [recovered, observed.exhibit],
    detail: problem ?? say('recovered after {time}', { time: inSeconds(recoveredAfter) }),
    measured: problem === undefined ? { 'time to recover': [recoveredAfter, 's'] } : {},
  }
  return { moves: moved, available, recovers }
}

const titleOf = (kind: NodeKind, description: Message): Message =>
  kind === 'registry-away' ? say('{description} without the registry', { description }) : description

/** A node without a task of the service proves nothing about it: nothing had to move. */
const notThere = (service: StackService, node: string, before: Exhibit): ClaimVerdict => ({
  holds: null,
  evidence: [before],
  detail: say('no task of {service} ran on {node} before', { service: service.name, node }),
})

/**
 * Whether the tasks of each service run without the node.
 *
 * @param after - all tasks after the fault.
 */
export function movesVerdicts(
  services: readonly StackService[],
  node: string,
  before: Exhibit,
  after: string,
  { seconds, evidence }: { readonly seconds: number; readonly evidence: readonly Exhibit[] },
): Map<string, ClaimVerdict> {
  const tasks = parseAllTasks(after)
  const tasksBefore = parseAllTasks(before.stdout)
  return new Map(
    services.map((service): [string, ClaimVerdict] => {
      if (!(tasksBefore.get(service.name) ?? []).some((task) => isRunning(task) && task.node === node))
        return [service.name, notThere(service, node, before)]
      const own = tasks.get(service.name) ?? []
      const count = runElsewhere(own, node)
      const blocked = own.find(({ state, error }) => state === 'pending' && error !== '')?.error ?? ''
      return [
        service.name,
        {
          holds: count >= service.replicas,
          evidence,
          detail: say('{count} of {replicas} tasks run on other nodes after {time}{why}', {
            count,
            replicas: service.replicas,
            time: inSeconds(seconds),
            why: blocked === '' ? '' : `: ${blocked}`,
          }),
          facts: { error: blocked },
        },
      ]
    }),
  )
}

/** Seconds for which a task may be unschedulable. */
const BLOCKED_SECONDS = 30

/** Whether all tasks run on other nodes, or cannot. */
function haveMoved(
  tasks: ReadonlyMap<string, readonly StackTask[]>,
  services: readonly StackService[],
  node: string,
  seconds: number,
): boolean {
  return services.every(({ name, replicas }) => {
    const own = tasks.get(name) ?? []
    const isBlocked = seconds > BLOCKED_SECONDS && own.some(({ state, error }) => state === 'pending' && error !== '')
    return runElsewhere(own, node) >= replicas || isBlocked
  })
}

/** Rejects connections from every node to the registries of the stack's images. */
async function blockRegistries(on: LabContext, session: Session): Promise<void> {
  const registries = new Map<string, readonly [string, number]>()
  for (const { image } of session.model.services) {
    const { host, port } = imageRegistry(image)
    registries.set(`${host}:${port}`, [host, port])
  }
  for (const host of on.groups.swarm ?? []) {
    const { exitCode, id } = await on.exhibit({
      title: say('Reject connections to the registry on {host}', { host }),
      host,
      command: registryAway([...registries.values()], on.timeoutMultiplier),
    })
    if (exitCode !== 0)
      throw new MessageError(
        say('cannot reject connections to the registry on {host} (see exhibit "{exhibit}")', { host, exhibit: id }),
      )
  }
}
