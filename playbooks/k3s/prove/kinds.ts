import { KINDS, targetsOf, type ExperimentKind, type Targets } from '../../prove/kinds.ts'
import type { KubernetesModel, Workload } from './model.ts'

/** The experiments that Kubernetes has a counterpart of, in the order of execution. */
export const KUBERNETES_KINDS = [
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
] as const satisfies readonly ExperimentKind[]

export type KubernetesKind = (typeof KUBERNETES_KINDS)[number]

interface KindInfo {
  /** Name of the experiment, in the imperative. */
  readonly title: string
  /** What it does to the cluster, for the permission. */
  readonly effect: (workloads: string) => string
  readonly needs: string
  /** Why the experiment does not apply to a workload; undefined if it does. */
  readonly excludes?: (workload: Workload) => string | undefined
}

const ANY_NODE = 'an agent without a pod of a stateful workload'

const onlyScaled = ({ kind, autoscaler }: Workload): string | undefined =>
  kind === 'DaemonSet' ? kind : autoscaler === '' ? undefined : `HorizontalPodAutoscaler ${autoscaler}`

export const KUBERNETES: Readonly<Record<KubernetesKind, KindInfo>> = {
  settings: { title: 'Check the settings of each workload', effect: () => '', needs: '-' },
  kill: {
    title: 'Kill a pod of each workload',
    effect: (workloads) => `a pod of ${workloads} is killed`,
    needs: '-',
  },
  hang: {
    title: 'Stop the processes of a pod of each workload (SIGSTOP)',
    effect: (workloads) => `the processes of a pod of ${workloads} are stopped (SIGSTOP)`,
    needs: 'a liveness probe; SSH to the nodes',
  },
  scale: {
    title: 'Scale each workload up and down',
    effect: (workloads) => `${workloads}: scaled up by one and back`,
    needs: '-',
    excludes: (workload) =>
      onlyScaled(workload) ??
      (workload.role === 'stateful' && workload.kind === 'Deployment' ? 'two pods would share a volume' : undefined),
  },
  update: {
    title: 'Update and roll back each workload under load',
    effect: (workloads) => `${workloads}: updated to the same image and rolled back`,
    needs: '-',
  },
  'broken-update': {
    title: 'Update each workload to a broken image',
    effect: (workloads) => `${workloads}: updated to an image that cannot be pulled`,
    needs: '-',
  },
  dependency: {
    title: 'Remove each dependency for a while',
    effect: (workloads) => `${workloads}: scaled to 0 for a while`,
    needs: 'a workload that others use',
    excludes: onlyScaled,
  },
  drain: {
    title: 'Drain and uncordon a node of the workloads',
    effect: () => 'is drained, so that its pods move to other nodes, and then uncordoned',
    needs: ANY_NODE,
  },
  'power-cut': { title: 'Power off a node of the workloads', effect: () => 'loses power', needs: ANY_NODE },
  'cut-off': {
    title: 'Partition a node of the workloads from the network',
    effect: () => 'is partitioned from the network',
    needs: ANY_NODE,
  },
}

export const isNodeKind = (kind: KubernetesKind): boolean => KINDS[kind].scope === 'node'

/**
 * The workloads of an experiment, and why it leaves out the others.
 *
 * @param named - names from `-e services=...`: only these, and stateful ones only if named.
 */
export function workloadTargets(kind: KubernetesKind, model: KubernetesModel, named?: readonly string[]): Targets {
  const { services, excluded } = targetsOf(kind, model, named)
  const reasons = services.map(({ name }) => {
    const workload = model.services.find((each) => each.name === name)
    return { name, reason: workload === undefined ? undefined : KUBERNETES[kind].excludes?.(workload) }
  })
  return {
    services: services.filter(({ name }) => reasons.every((each) => each.name !== name || each.reason === undefined)),
    excluded: [
      ...excluded,
      ...reasons.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ service: name, reason }])),
    ],
  }
}

/** The same as workloads. */
export const workloadsFor = (
  kind: KubernetesKind,
  model: KubernetesModel,
  named?: readonly string[],
): readonly Workload[] => {
  const names = workloadTargets(kind, model, named).services.map(({ name }) => name)
  return model.services.filter(({ name }) => names.includes(name))
}
