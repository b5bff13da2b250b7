import { type LabContext, say, inSeconds } from '../../messages/say.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import { fullName, isRunning, parseTasks, tasksCommand } from '../../methods/tasks.ts'
import type { Session } from '../session.ts'
import { hasEntryPoints } from './kill.ts'
import type { ServiceExperiment } from './service-experiment.ts'
import { noFailedRequest, onlyIf, unlessPartitioned } from '../../methods/verdicts.ts'

/** Largest number of replicas that ports of the nodes and `max_replicas_per_node` allow. */
function limitOf({ maxPerNode, ports }: StackService, { nodes }: Session): number {
  const perNode = ports.some(({ mode }) => mode === 'host') ? 1 : maxPerNode === 0 ? Infinity : maxPerNode
  return perNode * nodes.length
}

const canGrow = (service: StackService, session: Session): boolean => service.replicas < limitOf(service, session)

/** Scales a service up by one and back. */
export const scale: ServiceExperiment = {
  kind: 'scale',
  hypothesis:
    'Swarm starts and stops tasks until the desired number runs. A stopping task finishes its requests first.',
  claims: [
    { name: 'up', statement: ({ name }) => say('One more replica of {name} starts', { name }), applies: canGrow },
    {
      name: 'requests',
      statement: ({ name }) => say('Scaling {name} up and down fails no request', { name }),
      // A host that publishes a port directly is without it when its task stops.
      applies: (service, session) =>
        hasEntryPoints(service, session) &&
        canGrow(service, session) &&
        service.ports.every(({ mode }) => mode !== 'host'),
    },
  ],
  async method(on, session, service) {
    const { replicas } = service
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} with {more} and {replicas} replicas', {
        service: service.name,
        more: replicas + 1,
        replicas,
      }),
      async (watching) => {
        const up = await scaleTo(on, session, service, replicas + 1, watching)
        const down = await scaleTo(on, session, service, replicas, watching)
        await on.pause(1, 'the last responses')
        return { up, down }
      },
    )
    const { up, down } = observed.value
    return {
      up: {
        holds: up.reached,
        evidence: [...up.exhibits, observed.exhibit],
        detail: up.reached
          ? say('{more} instead of {replicas} replicas ran after {time}', {
              more: replicas + 1,
              replicas,
              time: inSeconds(up.took),
            })
          : say('{more} replicas did not run within {time}{why}', {
              more: replicas + 1,
              time: inSeconds(up.took),
              why: up.error === '' ? '' : `: ${up.error}`,
            }),
        measured: up.reached ? { 'time to scale up': [up.took, 's'] } : {},
      },
      requests: onlyIf(
        up.reached && down.reached,
        await unlessPartitioned(on, observed, {
          ...noFailedRequest(observed),
          evidence: [...up.exhibits, ...down.exhibits],
        }),
      ),
    }
  },
  undo: async (on, session, service) => {
    await on.exec({ command: scaleCommand(fullName(session, service.name), service.replicas) })
  },
}

export const scaleCommand = (service: string, replicas: number): string =>
  `docker service scale --detach ${service}=${replicas}`

async function scaleTo(
  on: LabContext,
  session: Session,
  service: StackService,
  replicas: number,
  { mark, now }: TimelineRecorder,
) {
  const name = fullName(session, service.name)
  const began = now()
  const scaled = await on.exhibit({
    title: say('Scale {service} to {replicas}', { service: service.name, replicas }),
    command: scaleCommand(name, replicas),
  })
  mark(say('scale {service} to {replicas}', { service: service.name, replicas }))
  const { reached, exhibit } = await on.watch({
    title: say('Tasks of {service} until {replicas} run', { service: service.name, replicas }),
    command: tasksCommand(name),
    within: 90,
    // Without a filter for the desired state: a task that is still stopping counts as running.
    until: ({ stdout }) => parseTasks(stdout).filter(({ state }) => state === 'running').length === replicas,
  })
  mark(say('{replicas} run', { replicas }))
  const pending = parseTasks(exhibit.stdout).find((task) => !isRunning(task) && task.error !== '')
  return { reached, took: now() - began, error: pending?.error ?? '', exhibits: [scaled, exhibit] }
}
