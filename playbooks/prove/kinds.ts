import { didYouMean, nearest, PlaybookError } from 'labbook'
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

interface KindInfo {
  /** Name of the experiment, in the imperative. */
  readonly title: string
  /** Whether it disturbs services one after the other, one node, or nothing. */
  readonly scope: 'nothing' | 'service' | 'node'
  /** What it does to a host, for the permission: `a container of vote is killed`. */
  readonly effect: (services: string) => string
  /** What it needs beyond a running stack. */
  readonly needs: string
  /** Why the experiment does not apply to a service; undefined if it does. */
  readonly excludes?: (service: StackService, model: StackModel) => string | undefined
}

const ANY_NODE = 'a worker without a task of a stateful service'

const onlyReplicated = ({ mode }: StackService): string | undefined =>
  mode === 'replicated' ? undefined : `mode ${mode}`

export const KINDS: Readonly<Record<ExperimentKind, KindInfo>> = {
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
    excludes: (service) =>
      onlyReplicated(service) ??
      // A second task of a database would use the same volume.
      (service.role === 'stateful' ? 'two tasks would share a volume' : undefined),
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
    excludes: (service, { services }) =>
      onlyReplicated(service) ??
      (services.some(({ dependencies }) => dependencies.includes(service.name))
        ? undefined
        : 'no other service names it'),
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

/** The services of an experiment, and why it leaves out the others. */
export interface Targets {
  readonly services: readonly StackService[]
  readonly excluded: readonly { readonly service: string; readonly reason: string }[]
}

/**
 * The services that an experiment disturbs, or whose tasks it watches on a disturbed node.
 *
 * @param named - names from `-e services=...`: only these, and stateful ones only if named.
 */
export function targetsOf(kind: ExperimentKind, model: StackModel, named?: readonly string[]): Targets {
  const reasons = model.services.map((service) => ({ service, reason: exclusion(kind, service, model, named) }))
  return {
    services: reasons.flatMap(({ service, reason }) => (reason === undefined ? [service] : [])),
    excluded: reasons.flatMap(({ service, reason }) =>
      reason === undefined ? [] : [{ service: service.name, reason }],
    ),
  }
}

function exclusion(
  kind: ExperimentKind,
  service: StackService,
  model: StackModel,
  named?: readonly string[],
): string | undefined {
  if (service.role === 'one-shot') return 'one-shot'
  if (service.overrides.skip?.includes(kind) === true) return 'x-labbook'
  if (named !== undefined && !named.includes(service.name)) return 'not in "services"'
  if (KINDS[kind].scope === 'nothing') return undefined
  if (service.role === 'stateful' && named === undefined) return 'stateful'
  return KINDS[kind].excludes?.(service, model)
}

/** @throws {PlaybookError} if a service of `-e services=...` does not exist. */
export function requireServices({ services }: StackModel, named: readonly string[] = []): void {
  const names = services.map(({ name }) => name)
  const unknown = named.find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new PlaybookError(
    `services: the stack has no service "${unknown}": ${didYouMean(nearest(unknown, names, 2)) ?? `it has ${names.join(', ')}`}`,
  )
}
