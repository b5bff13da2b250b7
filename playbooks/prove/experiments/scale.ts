import { scaleExperiment } from '../../methods/scale-experiment.ts'
import { hasEntryPoints } from '../../methods/traffic.ts'
import type { StackService } from '../model.ts'
import type { Session } from '../session.ts'
import { SWARM } from '../swarm.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Largest number of replicas that ports of the nodes and `max_replicas_per_node` allow. */
function limitOf({ maxPerNode, ports }: StackService, { nodes }: Session): number {
  const perNode = ports.some(({ mode }) => mode === 'host') ? 1 : maxPerNode === 0 ? Infinity : maxPerNode
  return perNode * nodes.length
}

/** Scales a service up by one and back. */
export const scale: StackExperiment = scaleExperiment(SWARM, {
  hypothesis:
    'Swarm starts and stops tasks until the desired number runs. A stopping task finishes its requests first.',
  canGrow: (service, session) => service.replicas < limitOf(service, session),
  // A host that publishes a port directly is without it when its task stops.
  answersRequests: (service, session) =>
    hasEntryPoints(service, session) && service.ports.every(({ mode }) => mode !== 'host'),
})
