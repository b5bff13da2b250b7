import { MessageError } from 'labbook'
import { labExperiment, say, joinTexts, type LabSetupContext } from '../messages/say.ts'
import {
  CLIENTS,
  endpoints,
  sendIncrements,
  INCREMENTS,
  checkReplicas,
  REQUESTS,
  waitForEndpoints,
} from '../app/proof.ts'
import { kubectlTarget, clusterHosts, kubectl, clusterNodes } from './cluster.ts'
import { checkIngress } from './ingress.ts'
import { distributionOf } from './distribution.ts'
import { isReady, isReadyNode, parseClusterNodes, parsePods } from './objects.ts'
import { settingsOf } from './settings.ts'
import { k3sAppVars } from './vars.ts'
import type { AppEndpoint } from '../app/entry-points.ts'

/** The pods of the app, and of Redis, as JSON. */
export const podsCommand = (k: (words: string) => string, namespace: string): string =>
  k(`get pods --namespace ${namespace} --selector app.kubernetes.io/part-of=counter -o json`)
export const isCounter = ({ app }: { readonly app: string }): boolean => app === 'counter'

/**
 * The app's endpoints: every node of the inventory; for a context, `app_host` and `app_port`, or the addresses of the
 * Service's load balancer.
 * @throws {Error} if there is none.
 */
export async function appEndpoints(on: LabSetupContext): Promise<AppEndpoint[]> {
  const nodes = clusterNodes(on)
  if (nodes.length > 0)
    return endpoints(on, clusterHosts(on)).map((endpoint, i) => ({ ...endpoint, node: nodes[i] as string }))
  const { app_host: host, app_port } = k3sAppVars.read(on.hostvars('localhost'))
  const { counter_port, namespace } = settingsOf(on)
  const port = app_port ?? counter_port
  if (host !== undefined) return [{ host, port, node: host }]
  const created = distributionOf(on.hostvars('localhost'))
  // k3d publishes the port of its load balancer on this machine.
  if (created?.tool === 'k3d') return [{ host: '127.0.0.1', port, node: 'k3d' }]
  const { at, k } = kubectl(on)
  const { stdout } = await on.exec({
    ...at,
    command: k(
      `get service counter-public --namespace ${namespace} -o jsonpath='{range .status.loadBalancer.ingress[*]}{.ip}{.hostname}{"\\n"}{end}'`,
    ),
  })
  const addresses = stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (addresses.length === 0) {
    throw new MessageError(
      say(
        'Service "counter-public" has no external address: set -e app_host=... -e app_port=... (minikube: run "minikube tunnel"; k3d: use the mapped port)',
      ),
    )
  }
  return addresses.map((address) => ({ host: address, port, node: address }))
}

/** Checks that all nodes of the cluster are ready. */
export const clusterProof = labExperiment(
  'Check Kubernetes cluster health',
  {
    hosts: 'localhost',
    tags: ['k3s', 'proof'],
    disturbs: false,
    assertions: { 'k3s.nodes.ready': 'Every node of the inventory is ready and schedulable in the cluster' },
  },
  async (on) => {
    const { at, k } = kubectl(on)
    const wanted = clusterNodes(on)
    const isHealthy = (stdout: string): boolean => {
      const nodes = parseClusterNodes(stdout)
      return (
        nodes.length > 0 &&
        (wanted.length === 0
          ? nodes.every(isReadyNode)
          : wanted.every((name) => nodes.some((node) => node.name === name && isReadyNode(node))))
      )
    }
    const { reached } = await on.watch({
      ...at,
      title: 'Nodes as JSON',
      command: k('get nodes -o json'),
      within: 90,
      until: ({ stdout }) => isHealthy(stdout),
    })
    const exhibit = await on.exhibit({ ...at, title: 'Nodes of the cluster', command: k('get nodes -o wide') })
    on.finding('k3s.nodes.ready', {
      holds: reached,
      evidence: [exhibit],
      detail:
        wanted.length === 0
          ? say('{all} nodes of context "{context}" are ready', {
              all: reached ? say('all') : say('not all'),
              context: kubectlTarget(on).context ?? '',
            })
          : say('{all} {wanted} nodes of the inventory are ready', {
              all: reached ? say('all') : say('not all'),
              wanted: wanted.length,
            }),
    })
  },
)

/** Checks the app from outside the cluster. */
export const kubernetesProof = labExperiment(
  'Check Counter app on Kubernetes',
  {
    hosts: 'localhost',
    tags: ['k3s', 'k3s-app', 'proof'],
    // It increments the app's counter.
    disturbs: false,
    assertions: {
      'k3s.pods.ready': 'Every requested pod of the app is ready',
      'k3s.app.answers': 'All pods respond to requests from outside',
      'k3s.app.counts': 'N increments by concurrent clients add exactly N',
      'k3s.ingress.answers': 'The Ingress serves the app under its host name, and no other name',
    },
  },
  async (on) => {
    const { at, k } = kubectl(on)
    const { namespace, replicas, autoscale, min_replicas } = settingsOf(on)
    const wanted = autoscale ? min_replicas : replicas
    const watched = await on.watch({
      ...at,
      title: 'Pods as JSON',
      command: podsCommand(k, namespace),
      within: 180,
      every: 2,
      until: ({ stdout }) => {
        const pods = parsePods(stdout)
        return pods.filter(isCounter).filter(isReady).length >= wanted && pods.every((pod) => isReady(pod) || pod.going)
      },
    })
    const pods = parsePods(watched.exhibit.stdout).filter((pod) => !pod.going)
    const shown = await on.exhibit({
      ...at,
      title: 'Pods of the app',
      command: k(`get pods --namespace ${namespace} -o wide`),
    })
    const unready = pods.filter((pod) => !isReady(pod))
    on.finding('k3s.pods.ready', {
      holds: watched.reached,
      evidence: [shown, watched.exhibit],
      detail: joinTexts(
        [
          say('{ready} of {wanted} pods of the app are ready, {allReady} of {all} in all', {
            ready: pods.filter(isCounter).filter(isReady).length,
            wanted,
            allReady: pods.length - unready.length,
            all: pods.length,
          }),
          ...unready.map(({ name, state }) => `${name}: ${state}`),
        ],
        '; ',
      ),
    })
    const targets = await appEndpoints(on)
    const services = await on.exhibit({
      ...at,
      title: 'Services and Ingress',
      command: k(`get services,ingresses,networkpolicies --namespace ${namespace} -o wide`),
    })
    const late = await waitForEndpoints(on, targets)
    if (late.length > 0) on.log(say('not every endpoint responds: {late}', { late: late[0] ?? '' }), 'warning')
    const responses = await checkReplicas(on, targets, 'Responding pods on Kubernetes')
    const names = new Set(responses.answers.map(({ replica }) => replica))
    on.finding('k3s.app.answers', {
      holds: names.size >= wanted && responses.errors.length === 0,
      evidence: [shown, services, responses.exhibit],
      detail: say(
        '{names} of {wanted} pods responded; {errors} of {requests} requests through {targets} endpoints failed',
        { names: names.size, wanted, errors: responses.errors.length, requests: REQUESTS, targets: targets.length },
      ),
    })
    const result = await sendIncrements(on, targets)
    on.finding('k3s.app.counts', {
      holds: result.errors === 0 && result.added === INCREMENTS,
      evidence: [result.exhibit],
      detail: say('{increments} increments by {clients} concurrent clients added {added}; {errors} failed', {
        increments: INCREMENTS,
        clients: CLIENTS,
        added: result.added,
        errors: result.errors,
      }),
    })
    on.finding('k3s.ingress.answers', await checkIngress(on, services))
  },
)
