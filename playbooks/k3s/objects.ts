import type { TaskSample } from '../methods/placement.ts'

/** State of a pod. */
export interface Pod {
  readonly uid: string
  readonly name: string
  /** Label `app.kubernetes.io/name`; empty if absent. */
  readonly app: string
  readonly node: string
  /** All its containers are ready. */
  readonly ready: boolean
  /** It has a deletion timestamp. */
  readonly going: boolean
  /** As in `kubectl get pods`: `Running`, `Pending`, `ImagePullBackOff`, `OOMKilled`, ... */
  readonly state: string
  /** Sum over all containers. */
  readonly restarts: number
  /** Creation time in milliseconds. */
  readonly created: number
}

interface ContainerJson {
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string }
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
  }
}
interface PodJson {
  readonly metadata: {
    readonly uid: string
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
    readonly creationTimestamp?: string
  }
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly ContainerJson[]
    readonly initContainerStatuses?: readonly ContainerJson[]
  }
}

/** Items of a list that kubectl printed as JSON; empty for other output. */
function items<T>(json: string): T[] {
  try {
    return (JSON.parse(json) as { items?: T[] }).items ?? []
  } catch {
    return []
  }
}

const hasCondition = (
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined,
  type: string,
): boolean => conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false

/** Parses `kubectl get pods -o json`. */
export const parsePods = (json: string): Pod[] =>
  items<PodJson>(json).map(({ metadata, spec, status }): Pod => {
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    const problem = containers
      .map(
        ({ state }) =>
          state?.waiting?.reason ?? (state?.terminated?.exitCode === 0 ? undefined : state?.terminated?.reason),
      )
      .find((reason) => reason !== undefined)
    return {
      uid: metadata.uid,
      name: metadata.name,
      app: metadata.labels?.['app.kubernetes.io/name'] ?? '',
      node: spec?.nodeName ?? '',
      ready: hasCondition(status?.conditions, 'Ready'),
      going: metadata.deletionTimestamp !== undefined,
      state: problem ?? status?.reason ?? status?.phase ?? 'Unknown',
      restarts: containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
      created: Date.parse(metadata.creationTimestamp ?? ''),
    }
  })

/** Ready and not terminating. */
export const isReady = (pod: Pod): boolean => pod.ready && !pod.going

/** States of pods that may still become ready. */
const STARTING = new Set(['Pending', 'Running', 'ContainerCreating', 'PodInitializing'])

/** A pod as a task of the timeline. A restarted container counts as a new task. */
export const toTask = ({ uid, name, node, ready, going, state, restarts }: Pod): TaskSample => ({
  id: `${uid}#${restarts}`,
  name,
  node,
  state: going
    ? 'shutdown'
    : ready
      ? 'running'
      : STARTING.has(state)
        ? 'starting'
        : state === 'Succeeded'
          ? 'complete'
          : 'failed',
})

export interface ClusterNode {
  readonly name: string
  readonly ready: boolean
  /** False if cordoned, for example by a drain. */
  readonly schedulable: boolean
}

interface NodeJson {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly unschedulable?: boolean }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Parses `kubectl get nodes -o json`. */
export const parseClusterNodes = (json: string): ClusterNode[] =>
  items<NodeJson>(json).map(({ metadata, spec, status }) => ({
    name: metadata.name,
    ready: hasCondition(status?.conditions, 'Ready'),
    schedulable: spec?.unschedulable !== true,
  }))

export const isReadyNode = ({ ready, schedulable }: ClusterNode): boolean => ready && schedulable

/** State of a HorizontalPodAutoscaler. */
export interface Autoscaler {
  readonly current: number
  readonly desired: number
  /** Percent of the CPU requests; undefined without metrics. */
  readonly cpu: number | undefined
  /** Why it does not scale; undefined if it does. */
  readonly trouble: string | undefined
}

interface HpaJson {
  readonly status?: {
    readonly currentReplicas?: number
    readonly desiredReplicas?: number
    readonly currentMetrics?:
      | readonly { readonly resource?: { readonly current?: { readonly averageUtilization?: number } } }[]
      | null
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

/** Parses `kubectl get hpa NAME -o json` (autoscaling/v2); undefined for other output. */
export function parseAutoscaler(json: string): Autoscaler | undefined {
  let hpa: HpaJson
  try {
    hpa = JSON.parse(json) as HpaJson
  } catch {
    return undefined
  }
  const { status } = hpa
  const cpu = status?.currentMetrics
    ?.map(({ resource }) => resource?.current?.averageUtilization)
    .find((value) => value !== undefined)
  const inactive = status?.conditions?.find(({ type, status: state }) => type === 'ScalingActive' && state === 'False')
  return {
    current: status?.currentReplicas ?? 0,
    desired: status?.desiredReplicas ?? 0,
    cpu,
    trouble: inactive?.message,
  }
}
