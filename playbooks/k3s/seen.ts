import type { TaskSeen } from '../swarm/experiments/support/placement.ts'

/** A pod as it was seen once. */
export interface PodSeen {
  readonly uid: string
  readonly name: string
  /** What the label `app.kubernetes.io/name` says; empty where there is none. */
  readonly app: string
  readonly node: string
  /** All its containers are ready. */
  readonly ready: boolean
  /** It was told to end. */
  readonly going: boolean
  /** As a person would say it: `Running`, `Pending`, `ImagePullBackOff`, `OOMKilled`, ... */
  readonly state: string
  /** Of all its containers together. */
  readonly restarts: number
  /** When it was made, milliseconds. */
  readonly created: number
}

interface Container {
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string }
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
  }
}
interface Pod {
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
    readonly containerStatuses?: readonly Container[]
    readonly initContainerStatuses?: readonly Container[]
  }
}

/** The items of a list that kubectl printed as JSON; none where it printed something else. */
function items<T>(json: string): T[] {
  try {
    return (JSON.parse(json) as { items?: T[] }).items ?? []
  } catch {
    return []
  }
}

const holds = (
  conditions: readonly { readonly type: string; readonly status: string }[] | undefined,
  type: string,
): boolean => conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false

/** Reads `kubectl get pods -o json`. */
export const readPods = (json: string): PodSeen[] =>
  items<Pod>(json).map(({ metadata, spec, status }) => {
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    const trouble = containers
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
      ready: holds(status?.conditions, 'Ready'),
      going: metadata.deletionTimestamp !== undefined,
      state: trouble ?? status?.reason ?? status?.phase ?? 'Unknown',
      restarts: containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
      created: Date.parse(metadata.creationTimestamp ?? ''),
    }
  })

/** It serves, and is to go on doing so. */
export const isReady = ({ ready, going }: PodSeen): boolean => ready && !going

/** Pods that are about to run wait for these, too. */
const STARTING = new Set(['Pending', 'Running', 'ContainerCreating', 'PodInitializing'])

/** A pod as the timeline of an experiment has it. A container that was started again is another task. */
export const asTask = ({ uid, name, node, ready, going, state, restarts }: PodSeen): TaskSeen => ({
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

export interface NodeSeen {
  readonly name: string
  readonly ready: boolean
  /** False: cordoned, as by a drain. */
  readonly schedulable: boolean
}

interface Node {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly unschedulable?: boolean }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Reads `kubectl get nodes -o json`. */
export const readNodes = (json: string): NodeSeen[] =>
  items<Node>(json).map(({ metadata, spec, status }) => ({
    name: metadata.name,
    ready: holds(status?.conditions, 'Ready'),
    schedulable: spec?.unschedulable !== true,
  }))

export const isReadyNode = ({ ready, schedulable }: NodeSeen): boolean => ready && schedulable

/** What an autoscaler sees and wants. */
export interface ScalerSeen {
  readonly current: number
  readonly desired: number
  /** Percent of what the pods ask for; undefined: it has no metrics. */
  readonly cpu: number | undefined
  /** Why it does not scale; undefined: it does. */
  readonly trouble: string | undefined
}

interface Scaler {
  readonly status?: {
    readonly currentReplicas?: number
    readonly desiredReplicas?: number
    readonly currentMetrics?:
      | readonly { readonly resource?: { readonly current?: { readonly averageUtilization?: number } } }[]
      | null
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

/** Reads `kubectl get hpa NAME -o json` (autoscaling/v2); undefined where that is no autoscaler. */
export function readScaler(json: string): ScalerSeen | undefined {
  let scaler: Scaler
  try {
    scaler = JSON.parse(json) as Scaler
  } catch {
    return undefined
  }
  const { status } = scaler
  const cpu = status?.currentMetrics
    ?.map(({ resource }) => resource?.current?.averageUtilization)
    .find((value) => value !== undefined)
  const stuck = status?.conditions?.find(({ type, status: state }) => type === 'ScalingActive' && state === 'False')
  return { current: status?.currentReplicas ?? 0, desired: status?.desiredReplicas ?? 0, cpu, trouble: stuck?.message }
}
