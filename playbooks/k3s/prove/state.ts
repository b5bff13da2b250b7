import { at, kindOf, type Manifest, mapOf, mapsOf, objectName, textAt } from './manifests.ts'
import { parsePods, isReady, type Pod } from '../objects.ts'
import type { Workload } from './model.ts'
import { labelsOf } from './workloads.ts'

/** A pod, with the labels that its workload selects. */
export interface WorkloadPod extends Pod {
  readonly labels: Readonly<Record<string, string>>
  /** The time by which it must have ended, in seconds since 1970; undefined unless it terminates. */
  readonly endsBy: number | undefined
  /** Why the scheduler has not placed it; empty if it has. */
  readonly blocked: string
}

/** State of a workload in the cluster. */
export interface WorkloadState {
  readonly name: string
  readonly kind: string
  readonly desired: number
  /** The controller has read the current object. */
  readonly observed: boolean
  /** Every desired pod has the current template and is ready, and none is left of an earlier one. */
  readonly steady: boolean
}

export interface ClusterState {
  readonly workloads: readonly WorkloadState[]
  readonly pods: readonly WorkloadPod[]
  /** The time of the host, in seconds since 1970. */
  readonly time: number
}

/** Prints the state of the workloads and pods of a namespace, for {@link readState}. */
export const stateCommand = (k: (words: string) => string, namespace: string): string =>
  `(${k(`get deployments,statefulsets,daemonsets,pods --namespace ${namespace} -o json`)}; code=$?; date +%s; exit $code)`

const blockedBy = (pod: Manifest): string =>
  textAt(
    mapsOf(at(pod, 'status', 'conditions')).find(({ type, status }) => type === 'PodScheduled' && status === 'False')
      ?.message,
  )

/** Reads the output of {@link stateCommand}; empty for other output. */
export function readState(stdout: string): ClusterState {
  const end = stdout.lastIndexOf('}') + 1
  const json = stdout.slice(0, end)
  let items: readonly Manifest[]
  try {
    items = mapsOf(mapOf(JSON.parse(json) as Manifest).items)
  } catch {
    return { workloads: [], pods: [], time: Number.NaN }
  }
  const pods = items.filter((each) => kindOf(each) === 'Pod')
  const parsed = parsePods(JSON.stringify({ items: pods }))
  return {
    workloads: items.filter((each) => kindOf(each) !== 'Pod').map(stateOf),
    pods: parsed.map((pod, i): WorkloadPod => {
      const object = pods[i] ?? {}
      const deleted = textAt(at(object, 'metadata', 'deletionTimestamp'))
      return {
        ...pod,
        labels: labelsOf(at(object, 'metadata', 'labels')),
        // Once its containers have ended, the kubelet deletes it with a grace period of 0, and the deadline is past.
        endsBy:
          deleted === '' || at(object, 'metadata', 'deletionGracePeriodSeconds') === 0
            ? undefined
            : Date.parse(deleted) / 1000,
        blocked: blockedBy(object),
      }
    }),
    time: Number(stdout.slice(end).trim()),
  }
}

function stateOf(object: Manifest): WorkloadState {
  const kind = kindOf(object)
  const status = mapOf(object.status)
  const number = (key: string): number => Number(status[key] ?? 0)
  const desired = kind === 'DaemonSet' ? number('desiredNumberScheduled') : Number(at(object, 'spec', 'replicas') ?? 1)
  const observed = number('observedGeneration') >= Number(at(object, 'metadata', 'generation') ?? 0)
  const [all, updated, ready] =
    kind === 'DaemonSet'
      ? [number('currentNumberScheduled'), number('updatedNumberScheduled'), number('numberAvailable')]
      : [number('replicas'), number('updatedReplicas'), number('availableReplicas')]
  return {
    name: objectName(object),
    kind,
    desired,
    observed,
    // A StatefulSet whose update is complete does not count its pods as updated in every version.
    steady:
      observed &&
      all === desired &&
      ready === desired &&
      (kind === 'StatefulSet' ? isCurrent(status) : updated === desired),
  }
}

const isCurrent = ({ currentRevision, updateRevision }: Manifest): boolean => currentRevision === updateRevision

/** The pods of a workload. */
export const podsOf = ({ pods }: ClusterState, { selector }: Pick<Workload, 'selector'>): WorkloadPod[] => {
  const wanted = selector.split(',').map((each) => each.split('='))
  return pods.filter(({ labels }) => wanted.every(([key = '', value = '']) => labels[key] === value))
}

export const readyPodsOf = (state: ClusterState, workload: Pick<Workload, 'selector'>): WorkloadPod[] =>
  podsOf(state, workload).filter(isReady)

const stateOfWorkload = ({ workloads }: ClusterState, { name, kind }: Workload): WorkloadState | undefined =>
  workloads.find((each) => each.name === name && each.kind === kind)

/** Whether a workload runs as many current pods as it should, and none that terminates. */
export const isSteadyWorkload = (state: ClusterState, workload: Workload): boolean =>
  workload.role === 'one-shot' ||
  ((stateOfWorkload(state, workload)?.steady ?? false) && podsOf(state, workload).every(isReady))

/** The workloads that are not steady, with the reason as far as their pods have one. */
export function unsteady(state: ClusterState, workloads: readonly Workload[]): string[] {
  return workloads
    .filter((workload) => !isSteadyWorkload(state, workload))
    .map((workload) => {
      const found = stateOfWorkload(state, workload)
      if (found === undefined) return `${workload.kind} ${workload.name} is not in the cluster`
      const [pod] = podsOf(state, workload).filter((each) => !isReady(each))
      const ready = readyPodsOf(state, workload).length
      const why = pod === undefined ? '' : `: ${pod.name}: ${pod.going ? 'Terminating' : pod.blocked || pod.state}`
      return `${workload.name}: ${ready} of ${found.desired} pods are ready${why}`
    })
}
