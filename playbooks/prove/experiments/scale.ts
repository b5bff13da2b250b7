import { say, inSeconds } from '../../messages/say.ts'
import { scaleCommand, scaleTo } from '../../methods/scale.ts'
import { namedService } from '../../methods/tasks.ts'
import { noFailedRequest, onlyIf, unlessTooSlow } from '../../methods/verdicts.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import type { Session } from '../session.ts'
import { hasEntryPoints } from '../../methods/traffic.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Largest number of replicas that ports of the nodes and `max_replicas_per_node` allow. */
function limitOf({ maxPerNode, ports }: StackService, { nodes }: Session): number {
  const perNode = ports.some(({ mode }) => mode === 'host') ? 1 : maxPerNode === 0 ? Infinity : maxPerNode
  return perNode * nodes.length
}

const canGrow = (service: StackService, session: Session): boolean => service.replicas < limitOf(service, session)

/** Scales a service up by one and back. */
export const scale: StackExperiment = {
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
    const named = namedService(session, service.name)
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} with {more} and {replicas} replicas', {
        service: service.name,
        more: replicas + 1,
        replicas,
      }),
      async (watching) => {
        const up = await scaleTo(on, named, replicas + 1, watching)
        const down = await scaleTo(on, named, replicas, watching)
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
        await unlessTooSlow(on, observed, {
          ...noFailedRequest(observed),
          evidence: [...up.exhibits, ...down.exhibits],
        }),
      ),
    }
  },
  undo: async (on, session, service) => {
    await on.exec({ command: scaleCommand(namedService(session, service.name), service.replicas) })
  },
}
