import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, items } from './api.ts'

/** What a node reports of a pod: nothing, or that its containers run and are ready or not. */
export type PodState = 'not started' | 'running' | 'ready'

export interface PodObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { name: string; image: string }[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** Decides what a node reports of a pod. @param pods - all pods of the cluster. */
export type Judge = (pod: PodObject, pods: readonly PodObject[]) => PodState

export const isReady = ({ status }: PodObject): boolean =>
  status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ?? false

const HEARTBEAT_MS = 5000
const POLL_MS = 300

/**
 * Stands in for the kubelets of some nodes: reports them as Ready, and their pods as running, without a container. And
 * for a load balancer: Helm waits until it has given each Service an address.
 *
 * @returns a function that ends it, and throws what went wrong.
 */
export function startNodes(api: Api, names: readonly string[], judge: Judge): () => Promise<void> {
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    let beat = 0
    for (const name of names) await api('POST', '/api/v1/nodes', node(name))
    while (!stopped.signal.aborted) {
      if (Date.now() - beat > HEARTBEAT_MS) {
        beat = Date.now()
        for (const name of names) await api('PATCH', `/api/v1/nodes/${name}/status`, { status: nodeStatus() })
        await giveAddresses(api)
      }
      const pods = await items<PodObject>(api('GET', '/api/v1/pods'))
      for (const pod of pods.filter(({ spec }) => spec.nodeName !== undefined)) await report(api, pod, judge(pod, pods))
      await sleep(POLL_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  const ended = loop()
  // Reported by the function below.
  ended.catch(() => undefined)
  return async () => {
    stopped.abort()
    await ended
  }
}

interface ServiceObject {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: { readonly type?: string }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly object[] } }
}

async function giveAddresses(api: Api): Promise<void> {
  for (const { metadata, spec, status } of await items<ServiceObject>(api('GET', '/api/v1/services'))) {
    if (spec.type !== 'LoadBalancer' || status?.loadBalancer?.ingress !== undefined) continue
    // An address for documentation (RFC 5737).
    const given = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }
    await api('PATCH', `/api/v1/namespaces/${metadata.namespace}/services/${metadata.name}/status`, given)
  }
}

const node = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, 'node-role.kubernetes.io/control-plane': '' } },
})

function nodeStatus(): object {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110', 'ephemeral-storage': '20Gi' }
  const now = new Date().toISOString()
  return {
    capacity: amounts,
    allocatable: amounts,
    conditions: [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now },
    ],
  }
}

async function report(api: Api, pod: PodObject, state: PodState): Promise<void> {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`
  if (deletionTimestamp !== undefined) {
    await api('DELETE', path, { gracePeriodSeconds: 0, preconditions: { uid } })
    return
  }
  const reported = pod.status?.conditions?.some(({ type }) => type === 'Ready') ?? false
  if (state === 'not started' || (reported && isReady(pod) === (state === 'ready'))) return
  await api('PATCH', `${path}/status`, { metadata: { uid }, status: podStatus(pod, state === 'ready') })
}

function podStatus({ spec }: PodObject, ready: boolean): object {
  const now = new Date().toISOString()
  const is = (type: string, holds: boolean) => ({ type, status: holds ? 'True' : 'False', lastTransitionTime: now })
  return {
    phase: 'Running',
    startTime: now,
    podIP: '10.42.0.2',
    podIPs: [{ ip: '10.42.0.2' }],
    conditions: [is('PodScheduled', true), is('Initialized', true), is('ContainersReady', ready), is('Ready', ready)],
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  }
}
