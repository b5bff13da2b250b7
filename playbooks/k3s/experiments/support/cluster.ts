import {
  onHosts,
  PlaybookError,
  type CareContext,
  type Disturbs,
  type ExperimentContext,
  type Watched,
} from '../../../../src/labbook.ts'
import { callMany } from '../../../app/client.ts'
import type { WatchedCluster } from '../../../swarm/experiments/support/watching.ts'
import { clusterMachines, hostsOf, kubectl, nodeNameOf, nodesOf } from '../../cluster.ts'
import { doorsOf, isCounter, podsCommand, settingsOf } from '../../proof.ts'
import { asTask, isReady, isReadyNode, readNodes, readPods, type PodSeen } from '../../seen.ts'

/** What most experiments speak of. */
export const subject = (on: Pick<CareContext, 'groups' | 'hostvars'>) => {
  const settings = settingsOf(on)
  // With an autoscaler nobody knows how many there are: so many at the least.
  const { namespace, autoscale } = settings
  return {
    ...kubectl(on),
    namespace,
    autoscale,
    wanted: autoscale ? settings.min_replicas : settings.replicas,
    within: `--namespace ${namespace}`,
  }
}

export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} s`

/** The whole cluster is disturbed. */
export const cluster =
  (what: string): Disturbs =>
  (on) =>
    onHosts(clusterMachines(on), what)

/** None where the cluster is one that a context names, or has no agent. */
export const lastAgent = (on: Pick<CareContext, 'groups' | 'hostvars'>): readonly string[] =>
  hostsOf(on).length === 0 ? [] : (on.groups.k3s_agents?.slice(-1) ?? [])

/**
 * The agent that is to lose something, in the inventory and in the cluster: the last, so that the server we speak to
 * stays.
 */
export function victim(on: Pick<CareContext, 'groups' | 'hostvars'>): { readonly host: string; readonly node: string } {
  const [host] = lastAgent(on)
  if (host === undefined)
    throw new PlaybookError(
      'there is no agent in group k3s_agents to take away: an experiment needs one, and machines of a cluster named by kubecontext are left alone',
    )
  return { host, node: nodeNameOf(on, host) }
}

export const nodesCommand = (on: Pick<CareContext, 'groups' | 'hostvars'>): string => subject(on).k('get nodes -o json')

/**
 * Every node is ready, every pod that was asked for serves, every door answers: what each experiment begins with, and
 * ends with.
 */
export async function allWell(on: CareContext): Promise<void> {
  const { at, k, namespace, wanted, autoscale } = subject(on)
  const expected = nodesOf(on)
  const nodes = await on.watch({
    ...at,
    title: 'Nodes before',
    command: nodesCommand(on),
    within: 120,
    until: ({ stdout }) =>
      expected.every((name) => readNodes(stdout).some((node) => node.name === name && isReadyNode(node))),
  })
  if (!nodes.reached)
    throw new Error(`not begun: not every node is ready and schedulable (see the exhibit "${nodes.exhibit.id}")`)
  const pods = await on.watch({
    ...at,
    title: 'Pods before',
    command: podsCommand(k, namespace),
    within: 240,
    every: 2,
    until: ({ stdout }) => isSettled(readPods(stdout), wanted, autoscale),
  })
  if (!pods.reached)
    throw new Error(
      `not begun: the app has not ${wanted} ready pods (see the exhibit "${pods.exhibit.id}"): deploy it first`,
    )
  const doors = await doorsOf(on)
  const { errors } = await callMany(doors, 'GET', '/api/counter', { total: doors.length * 3, clients: doors.length })
  if (errors.length > 0) throw new Error(`not begun: the app does not answer everywhere: ${errors[0]}`)
}

/** As many pods of the app as wanted serve (or more: `orMore`), none is on its way out, and all others are well. */
export function isSettled(pods: readonly PodSeen[], wanted: number, orMore = false): boolean {
  const count = pods.filter(isCounter).length
  return pods.every(isReady) && (orMore ? count >= wanted : count === wanted)
}

/** Pods of the app that serve, none of them on the nodes named. */
export const servingOf = (pods: readonly PodSeen[], without: readonly string[] = []): PodSeen[] =>
  pods.filter((pod) => isCounter(pod) && isReady(pod) && !without.includes(pod.node))

/** Waits until as many pods serve as wanted, none of them on the nodes named, nor among those that were before. */
export function podsElsewhere(
  on: ExperimentContext,
  title: string,
  {
    without = [],
    not = [],
    wanted = subject(on).wanted,
    within = 240,
  }: {
    without?: readonly string[]
    not?: readonly string[]
    wanted?: number
    within?: number
  } = {},
): Promise<Watched> {
  const { at, k, namespace } = subject(on)
  return on.watch({
    ...at,
    title,
    command: podsCommand(k, namespace),
    within,
    until: ({ stdout }) =>
      servingOf(readPods(stdout), without).filter(({ uid }) => !not.includes(uid)).length >= wanted,
  })
}

/** How many pods each node has, in words. */
export function spread(pods: readonly PodSeen[]): string {
  const counts = new Map<string, number>()
  for (const { node } of servingOf(pods)) counts.set(node, (counts.get(node) ?? 0) + 1)
  return (
    [...counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([node, count]) => `${node} ${count}`)
      .join(', ') || 'none'
  )
}

/** For an experiment's timeline: where the app runs on this cluster. */
export async function watched(on: ExperimentContext): Promise<WatchedCluster> {
  const { at, k, namespace } = subject(on)
  const command = podsCommand(k, namespace)
  const known = nodesOf(on)
  const nodes =
    known.length > 0
      ? known
      : readNodes((await on.look({ ...at, command: nodesCommand(on) })).stdout).map(({ name }) => name)
  return {
    doors: await doorsOf(on),
    nodes,
    command: 'kubectl get pods',
    async placement() {
      try {
        const { stdout, exitCode } = await on.look({ ...at, command, timeout: 10 })
        return exitCode === 0 ? readPods(stdout).map(asTask) : undefined
      } catch {
        // The server does not answer: that may be what the experiment is about.
        return undefined
      }
    },
  }
}
