import { type KindInfo, targetsOf } from '../../methods/experiment-kinds.ts'
import type { ExperimentKind } from '../../prove/kinds.ts'
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

const ANY_NODE = 'an agent without a pod of a stateful workload'

const isScaled = ({ mode, autoscaler }: Workload): boolean => mode === 'replicated' && autoscaler === ''

export const KUBERNETES: Readonly<Record<KubernetesKind, KindInfo<Workload, KubernetesModel>>> = {
  settings: { title: 'Check the settings of each workload', scope: 'nothing', effect: () => '', needs: '-' },
  kill: {
    title: 'Kill a pod of each workload',
    scope: 'service',
    effect: (workloads) => `a pod of ${workloads} is killed`,
    needs: '-',
  },
  hang: {
    title: 'Stop the processes of a pod of each workload (SIGSTOP)',
    scope: 'service',
    effect: (workloads) => `the processes of a pod of ${workloads} are stopped (SIGSTOP)`,
    needs: 'a liveness probe; SSH to the nodes',
  },
  scale: {
    title: 'Scale each workload up and down',
    scope: 'service',
    effect: (workloads) => `${workloads}: scaled up by one and back`,
    needs: '-',
    // A second pod of a database would use the same volume.
    appliesTo: (workload) => isScaled(workload) && workload.role !== 'stateful',
  },
  update: {
    title: 'Update and roll back each workload under load',
    scope: 'service',
    effect: (workloads) => `${workloads}: updated to the same image and rolled back`,
    needs: '-',
  },
  'broken-update': {
    title: 'Update each workload to a broken image',
    scope: 'service',
    effect: (workloads) => `${workloads}: updated to an image that cannot be pulled`,
    needs: '-',
  },
  dependency: {
    title: 'Remove each dependency for a while',
    scope: 'service',
    effect: (workloads) => `${workloads}: scaled to 0 for a while`,
    needs: 'a workload that others use',
    appliesTo: (workload, { services }) =>
      isScaled(workload) && services.some(({ dependencies }) => dependencies.includes(workload.name)),
  },
  drain: {
    title: 'Drain and uncordon a node of the workloads',
    scope: 'node',
    effect: () => 'is drained, so that its pods move to other nodes, and then uncordoned',
    needs: ANY_NODE,
  },
  'power-cut': {
    title: 'Power off a node of the workloads',
    scope: 'node',
    effect: () => 'loses power',
    needs: ANY_NODE,
  },
  'cut-off': {
    title: 'Partition a node of the workloads from the network',
    scope: 'node',
    effect: () => 'is partitioned from the network',
    needs: ANY_NODE,
  },
}

export const isNodeKind = (kind: KubernetesKind): boolean => KUBERNETES[kind].scope === 'node'

/** The workloads of an experiment. */
export const workloadsOf = (kind: KubernetesKind, model: KubernetesModel, named?: readonly string[]): Workload[] =>
  targetsOf(kind, KUBERNETES[kind], model, named)
