import type { EntryPoint } from '../../methods/entry-point.ts'
import type { StackModel, StackService } from '../../prove/model.ts'

/** A container of a workload, with the settings that decide how it behaves under faults. */
export interface WorkloadContainer {
  readonly name: string
  readonly image: string
  readonly hasMemoryLimit: boolean
  readonly hasReadinessProbe: boolean
  readonly hasLivenessProbe: boolean
}

/** A Deployment, StatefulSet, DaemonSet or Job, as the service of a stack. */
export interface Workload extends StackService {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job'
  /** `app=web,tier=front` */
  readonly selector: string
  readonly labels: Readonly<Record<string, string>>
  readonly containers: readonly WorkloadContainer[]
  /** `RollingUpdate`, `Recreate` or `OnDelete`. */
  readonly strategy: string
  /** Whether an update may stop pods before their successors are ready. */
  readonly stopsFirst: boolean
  /** `terminationGracePeriodSeconds`. */
  readonly grace: number
  /** Seconds after which its pods are evicted from a node that is not ready. */
  readonly evictedAfter: number
  /** Name of the HorizontalPodAutoscaler that scales it; empty without one. */
  readonly autoscaler: string
  /** Directories of a node (hostPath) with its data. */
  readonly hostPaths: readonly string[]
  /** Whether a node selector or an affinity limits the nodes. */
  readonly isPinned: boolean
}

/** A published port, or a path of an Ingress. */
export interface KubernetesEntryPoint extends EntryPoint {
  /** The host name that an Ingress routes; undefined for a port of a Service. */
  readonly host?: string
}

/** What is watched and disturbed: derived from manifests, or from the objects in the cluster. */
export interface KubernetesModel extends StackModel {
  readonly services: readonly Workload[]
  readonly entryPoints: readonly KubernetesEntryPoint[]
  /** The only namespace of the workloads. */
  readonly namespace: string
}
