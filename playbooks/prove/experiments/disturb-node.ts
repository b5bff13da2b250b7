import { durationMultiplierOf, type Exhibit, type Message, MessageError } from 'labbook'
import { undoOn } from '../../lab/recover.ts'
import { type LabContext, say, inSeconds } from '../../messages/say.ts'
import { NODE_FAULTS, REGISTRY_BACK, registryAway, type NodeKind } from '../../methods/node-faults.ts'
import {
  allTasksCommand,
  countElsewhere,
  injectNodeFault,
  parseTasksByService,
  recoverNode,
} from '../../methods/node-outage.ts'
import { isRunning, isUnschedulable, namedService } from '../../methods/tasks.ts'
import { availability, maxOutage, unlessTooSlow } from '../../methods/verdicts.ts'
import { imageRegistry } from '../databases.ts'
import type { ExperimentKind } from '../kinds.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import type { Session } from '../session.ts'
import type { ClaimVerdict } from '../../methods/experiment-series.ts'
import { awaitSteadyState } from '../../methods/steady-state.ts'

const LOSES_NODE: ReadonlySet<ExperimentKind> = new Set(['power-cut', 'cut-off', 'daemon-stopped'])
const HOLD_SECONDS = 20
const MOVE_SECONDS = 150

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
  const movable = services.map(({ name, replicas }) => ({ ...namedService(session, name), replicas }))
  const observed = await observeStack(
    on,
    session,
    say('Timeline: {description}', { description: titleOf(kind, fault.text) }),
    async (watching) => {
      const { mark, now } = watching
      const before = await on.exhibit({ title: 'Tasks before', command: allTasksCommand(movable) })
      if (kind === 'registry-away') await blockRegistries(on, session)
      const outage = await injectNodeFault(on, node, fault, watching, {
        ...(LOSES_NODE.has(kind) ? { state: 'Down' } : {}),
        ...(moves ? { services: movable, movedWithin: MOVE_SECONDS } : {}),
      })
      if (!moves) {
        await on.pause(HOLD_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `effects on ${node}`)
        mark('fault ends')
      }
      const until = now()
      if (kind === 'registry-away')
        for (const host of on.groups.swarm ?? []) await undoOn(on, host, { host, command: REGISTRY_BACK })
      const { recovered } = await recoverNode(on, node, fault, watching)
      const problem = await awaitSteadyState(on, session)
      return { ...outage, before, until, recovered, problem, recoveredAfter: now() - until }
    },
  )
  const { before, injected, moved: after, injectedAt: from, movedAfter, until, recovered } = observed.value
  const { problem, recoveredAfter } = observed.value
  const tasksBefore = parseTasksByService(before.stdout)
  const evidence = [before, injected, ...(after === undefined ? [] : [after.exhibit]), observed.exhibit]
  const moved = movesVerdicts(services, node, before, after?.exhibit.stdout ?? '', { seconds: movedAfter, evidence })
  const alone = services.filter(({ name }) => countElsewhere(tasksBefore.get(name) ?? [], node) === 0)
  const outages = availability(observed, maxOutage(on), { from, to: until, without: node })
  const available: ClaimVerdict = {
    // A node that is lost is lost to the gossip, too.
    ...(LOSES_NODE.has(kind)
      ? { ...outages, evidence: [observed.exhibit] }
      : await unlessTooSlow(on, observed, outages)),
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
  const tasks = parseTasksByService(after)
  const tasksBefore = parseTasksByService(before.stdout)
  return new Map(
    services.map((service): [string, ClaimVerdict] => {
      if (!(tasksBefore.get(service.name) ?? []).some((task) => isRunning(task) && task.node === node))
        return [service.name, notThere(service, node, before)]
      const own = tasks.get(service.name) ?? []
      const count = countElsewhere(own, node)
      const blocked = own.find(isUnschedulable)?.error ?? ''
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
