import { disturbAll, type Disturbs, PlaybookError, type WatchResult, MessageError } from 'labbook'
import { type LabContext, type LabSetupContext, type LabText, say } from '../../../messages/say.ts'
import { counterTargets } from '../../../app/entry-points.ts'
import { waitForEndpoints } from '../../../app/proof.ts'
import type { ObservedCluster } from '../../../methods/observe.ts'
import { disturbedTargets, clusterHosts, kubectl, nodeNameOf, clusterNodes } from '../../cluster.ts'
import { appEndpoints, isCounter, podsCommand } from '../../proof.ts'
import { settingsOf } from '../../settings.ts'
import { toTask, isReady, isReadyNode, parseClusterNodes, parsePods, type Pod } from '../../objects.ts'

/** kubectl, namespace and expected replicas for an experiment. */
export const appOnCluster = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>) => {
  const settings = settingsOf(on)
  // With an autoscaler, the minimum.
  const { namespace, autoscale } = settings
  return {
    ...kubectl(on),
    namespace,
    autoscale,
    wanted: autoscale ? settings.min_replicas : settings.replicas,
    within: `--namespace ${namespace}`,
  }
}

/** Declares that the whole cluster is disturbed. */
export const disturbsCluster =
  (what: string): Disturbs =>
  (on) =>
    disturbAll(disturbedTargets(on), what)

/** The last agent; empty for a context or without agents. */
export const lastAgent = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>): readonly string[] =>
  clusterHosts(on).length === 0 ? [] : (on.groups.k3s_agents?.slice(-1) ?? [])

/** Target node of a fault: the last agent, so that the API server stays reachable. */
export function targetNode(on: Pick<LabSetupContext, 'groups' | 'hostvars'>): {
  readonly host: string
  readonly node: string
} {
  const [host] = lastAgent(on)
  if (host === undefined)
    throw new PlaybookError(
      'group k3s_agents has no host: the experiment needs an agent, and does not support kubecontext',
    )
  return { host, node: nodeNameOf(on, host) }
}

export const nodesCommand = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>): string =>
  appOnCluster(on).k('get nodes -o json')

/**
 * Steady state of each experiment: all nodes and requested pods are ready, and all endpoints respond.
 */
export async function assertSteadyState(on: LabSetupContext): Promise<void> {
  const { at, k, namespace, wanted, autoscale } = appOnCluster(on)
  const expected = clusterNodes(on)
  const nodes = await on.watch({
    ...at,
    title: 'Nodes before',
    command: nodesCommand(on),
    within: 120,
    until: ({ stdout }) =>
      expected.every((name) => parseClusterNodes(stdout).some((node) => node.name === name && isReadyNode(node))),
  })
  if (!nodes.reached)
    throw new MessageError(
      say('steady state not reached: not every node is ready and schedulable (see the exhibit "{exhibit}")', {
        exhibit: nodes.exhibit.id,
      }),
    )
  const pods = await on.watch({
    ...at,
    title: 'Pods before',
    command: podsCommand(k, namespace),
    within: 240,
    every: 2,
    until: ({ stdout }) => isSteady(parsePods(stdout), wanted, autoscale),
  })
  if (!pods.reached)
    throw new MessageError(
      say(
        'steady state not reached: fewer or more than {wanted} ready pods (see the exhibit "{exhibit}"): deploy the app first',
        { wanted, exhibit: pods.exhibit.id },
      ),
    )
  const targets = await appEndpoints(on)
  const errors = await waitForEndpoints(on, targets)
  if (errors.length > 0)
    throw new MessageError(
      say('steady state not reached: not every endpoint responds: {why}', { why: errors[0] ?? '' }),
    )
}

/** Whether all pods are ready and the app has the wanted number of them (or more, with `orMore`). */
export function isSteady(pods: readonly Pod[], wanted: number, orMore = false): boolean {
  const count = pods.filter(isCounter).length
  return pods.every(isReady) && (orMore ? count >= wanted : count === wanted)
}

/** Ready pods of the app, except on the nodes `without`. */
export const readyPods = (pods: readonly Pod[], without: readonly string[] = []): Pod[] =>
  pods.filter((pod) => isCounter(pod) && isReady(pod) && !without.includes(pod.node))

/** Waits for the wanted number of ready pods, except pods on the nodes `without` and pods with a UID in `not`. */
export function waitForPods(
  on: LabContext,
  title: LabText,
  {
    without = [],
    not = [],
    wanted = appOnCluster(on).wanted,
    within = 240,
  }: {
    without?: readonly string[]
    not?: readonly string[]
    wanted?: number
    within?: number
  } = {},
): Promise<WatchResult> {
  const { at, k, namespace } = appOnCluster(on)
  return on.watch({
    ...at,
    title,
    command: podsCommand(k, namespace),
    within,
    until: ({ stdout }) =>
      readyPods(parsePods(stdout), without).filter(({ uid }) => !not.includes(uid)).length >= wanted,
  })
}

/** Number of pods per node, as text. */
export function podsPerNode(pods: readonly Pod[]): string {
  const counts = new Map<string, number>()
  for (const { node } of readyPods(pods)) counts.set(node, (counts.get(node) ?? 0) + 1)
  return (
    [...counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([node, count]) => `${node} ${count}`)
      .join(', ') || 'none'
  )
}

/** Placement of the app on this cluster, for an experiment's timeline. */
export async function watchedCluster(on: LabContext): Promise<ObservedCluster> {
  const { at, k, namespace } = appOnCluster(on)
  const command = podsCommand(k, namespace)
  const inventoryNodes = clusterNodes(on)
  const nodes =
    inventoryNodes.length > 0
      ? inventoryNodes
      : parseClusterNodes((await on.exec({ ...at, command: nodesCommand(on) })).stdout).map(({ name }) => name)
  return {
    targets: counterTargets(await appEndpoints(on)),
    nodes,
    command: 'kubectl get pods',
    async placement() {
      try {
        const { stdout, exitCode } = await on.exec({ ...at, command, timeout: 10 })
        return exitCode === 0 ? parsePods(stdout).map(toTask) : undefined
      } catch {
        // No response from the server may be part of the experiment.
        return undefined
      }
    },
  }
}
