import { PlaybookError } from 'labbook'
import { type KindInfo, targetsOf, unknownName } from '../methods/experiment-kinds.ts'
import type { StackService, StackModel } from './model.ts'

/** The experiments, by their names on the command line, in the order of execution. */
export const KIND_NAMES = [
  'settings',
  'kill',
  'hang',
  'scale',
  'update',
  'broken-update',
  'dependency',
  'drain',
  'power-cut',
  'cut-off',
  'daemon-stopped',
  'registry-away',
  'slow-network',
  'full-disk',
  'clock-step',
] as const

export type ExperimentKind = (typeof KIND_NAMES)[number]

const ANY_NODE = 'a worker without a task of a stateful service'

export const KINDS: Readonly<Record<ExperimentKind, KindInfo<StackService, StackModel>>> = {
  settings: {
    title: 'Check the settings of each service',
    scope: 'nothing',
    effect: () => '',
    needs: '-',
  },
  kill: {
    title: 'Kill a container of each service',
    scope: 'service',
    effect: (services) => `a container of ${services} is killed`,
    needs: '-',
  },
  hang: {
    title: 'Stop the processes of a container of each service (SIGSTOP)',
    scope: 'service',
    effect: (services) => `the processes of a container of ${services} are stopped (SIGSTOP)`,
    needs: 'a health check',
  },
  scale: {
    title: 'Scale each service up and down',
    scope: 'service',
    effect: (services) => `${services}: scaled up by one and back`,
    needs: '-',
    // A second task of a database would use the same volume.
    appliesTo: ({ mode, role }) => mode === 'replicated' && role !== 'stateful',
  },
  update: {
    title: 'Update and roll back each service under load',
    scope: 'service',
    effect: (services) => `${services}: updated to the same image and rolled back`,
    needs: '-',
  },
  'broken-update': {
    title: 'Update each service to a broken version',
    scope: 'service',
    effect: (services) => `${services}: updated to a version that ends at once`,
    needs: '-',
  },
  dependency: {
    title: 'Remove each dependency for a while',
    scope: 'service',
    effect: (services) => `${services}: scaled to 0 for a while`,
    needs: 'a service that others use',
    appliesTo: ({ name, mode }, { services }) =>
      mode === 'replicated' && services.some(({ dependencies }) => dependencies.includes(name)),
  },
  drain: {
    title: 'Drain and activate a node of the stack',
    scope: 'node',
    effect: () => 'is drained, so that its tasks move to other nodes, and then set to active',
    needs: ANY_NODE,
  },
  'power-cut': {
    title: 'Power off a node of the stack',
    scope: 'node',
    effect: () => 'loses power',
    needs: ANY_NODE,
  },
  'cut-off': {
    title: 'Partition a node of the stack from the network',
    scope: 'node',
    effect: () => 'is partitioned from the network',
    needs: ANY_NODE,
  },
  'daemon-stopped': {
    title: 'Stop the Docker daemon of a node of the stack',
    scope: 'node',
    effect: () => 'the Docker daemon is stopped',
    needs: ANY_NODE,
  },
  'registry-away': {
    title: 'Drain a node while the registry is unreachable',
    scope: 'node',
    effect: () => 'is drained while no node reaches the image registry',
    needs: `${ANY_NODE}; iptables on all nodes`,
  },
  'slow-network': {
    title: 'Slow down the network of a node',
    scope: 'node',
    effect: () => 'its packets are delayed by 100 ms, and 1 % are lost',
    needs: `${ANY_NODE}; netem in its kernel`,
  },
  'full-disk': {
    title: "Fill the file system of a node's Docker data",
    scope: 'node',
    effect: () => "the file system of Docker's data is filled",
    needs: `${ANY_NODE}, with a separate disk`,
  },
  'clock-step': {
    title: 'Set the clock of a node forward',
    scope: 'node',
    effect: () => 'its clock is set forward by one hour',
    needs: `${ANY_NODE}, with a separate kernel`,
  },
}

/** The services of an experiment. */
export const servicesOf = (kind: ExperimentKind, model: StackModel, named?: readonly string[]): StackService[] =>
  targetsOf(kind, KINDS[kind], model, named)

/** @throws {PlaybookError} if a service of `-e services=...` does not exist. */
export function requireServices({ services }: StackModel, named: readonly string[] = []): void {
  const names = services.map(({ name }) => name)
  const unknown = unknownName(named, names)
  if (unknown === undefined) return
  throw new PlaybookError(
    `services: the stack has no service "${unknown.name}": ${unknown.meant ?? `it has ${names.join(', ')}`}`,
  )
}
