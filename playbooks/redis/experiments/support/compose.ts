import { KEY } from '../settings.ts'
import { slotOf } from './replies.ts'
import { stringify } from 'yaml'
import type { Topology } from '../../vars.ts'

type Tree = Readonly<Record<string, unknown>>

/** Input for the compose file of an experiment's stack. */
export interface LabCompose {
  readonly stack: string
  readonly topology: Topology
  /** The Redis services from the topology's template. */
  readonly services: Tree
  readonly volumes: Tree
  readonly counterImage: string
  /** Names of the nodes. */
  readonly nodes: readonly string[]
  /** Published port of the app on each node; without it, no app is deployed. */
  readonly port?: number
  /** Replicas that must confirm each write of the app. */
  readonly waitReplicas?: number
  /** Disables health checks, which use CPU and disturb load tests. */
  readonly quiet?: boolean
  /** Source code of the client program. */
  readonly client: string
}

/** Docker reads YAML 1.1, in which an unquoted `yes` is not a string. */
const composeText = (stack: object): string => stringify(stack, { version: '1.1' })

const SECRET = 'redis_password'
export const secretOf = (stack: string): string => `${stack}_${SECRET}`

const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3']
const CLUSTER = [1, 2, 3, 4, 5, 6].map((n) => `redis-cluster-${n}`)

/** `host:port` of each server in the stack's network. */
export function serversOf(topology: Topology): string[] {
  const names =
    topology === 'single'
      ? ['redis']
      : topology === 'cluster'
        ? CLUSTER
        : ['redis', 'redis-replica-1', 'redis-replica-2']
  return names.map((name) => `${name}:6379`)
}

export const sentinelsOf = (topology: Topology): string[] =>
  topology === 'sentinel' ? SENTINELS.map((name) => `${name}:26379`) : []

/** Environment of the app for a topology. */
export function appEnvironment(topology: Topology, waitReplicas: number): Record<string, string> {
  return {
    REDIS_TOPOLOGY: topology,
    ...(topology === 'single' || topology === 'replicas' ? { REDIS_HOST: 'redis', REDIS_PORT: '6379' } : {}),
    ...(topology === 'sentinel' ? { REDIS_NODES: sentinelsOf(topology).join(','), REDIS_MASTER_NAME: 'counter' } : {}),
    ...(topology === 'cluster' ? { REDIS_NODES: serversOf(topology).join(',') } : {}),
    REDIS_PASSWORD_FILE: `/run/secrets/${SECRET}`,
    REDIS_WAIT_REPLICAS: String(waitReplicas),
    NODE_NAME: '{{.Node.Hostname}}',
  }
}

/**
 * The three nodes in the order in which they get servers. The master is on the last node, which experiments disturb, so
 * that the manager can observe.
 *
 * @param topology - in a cluster, that node has the counter's master and no other: losing two of three masters would
 *   lose the majority.
 */
export function nodeOrder(nodes: readonly string[], topology?: Topology): string[] {
  const [last = '', others] = [nodes.at(-1), nodes.slice(0, -1)]
  const index = topology === 'cluster' ? COUNTER_MASTER : 0
  const rotated =
    index === 0 || others.length < 2 ? [last, ...others] : [...others.slice(-index), last, ...others.slice(0, -index)]
  return [0, 1, 2].map((i) => rotated[i % rotated.length] ?? '')
}

/** Index (0, 1, 2) of the cluster's master that serves the counter's slot; redis-admin.sh assigns slots in thirds. */
const COUNTER_MASTER = [5461, 10_923].filter((first) => slotOf(KEY) >= first).length

/** The compose file of the stack for `docker stack deploy`. */
export function labCompose(input: LabCompose): string {
  const {
    stack,
    topology,
    services,
    volumes,
    counterImage,
    nodes,
    port,
    waitReplicas = 0,
    quiet = false,
    client,
  } = input
  const redis = Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      adaptService(service as Tree, nodeOrder(nodes, topology)[0] as string, quiet),
    ]),
  )
  return composeText({
    version: '3.8',
    services: {
      ...redis,
      client: clientService(counterImage, client, true),
      ...(port === undefined ? {} : { counter: appService(input, port, waitReplicas, quiet) }),
    },
    networks: { backend: { driver: 'overlay', attachable: true } },
    ...(Object.keys(volumes).length > 0 ? { volumes } : {}),
    secrets: { [SECRET]: { external: true, name: secretOf(stack) } },
  })
}

/** Adapts a template's service: a constraint on the label `redis` becomes one on the first node. */
function adaptService(service: Tree, firstNode: string, quiet: boolean): Tree {
  const deploy = (service.deploy ?? {}) as Tree
  const { constraints = [] } = (deploy.placement ?? {}) as { constraints?: readonly string[] }
  return {
    ...service,
    ...(quiet ? { healthcheck: { disable: true } } : {}),
    deploy: {
      ...deploy,
      placement: {
        constraints: constraints.map((each) =>
          each.startsWith('node.labels.redis') ? `node.hostname == ${firstNode}` : each,
        ),
      },
    },
  }
}

/** An idle client container on each node. `$` is escaped, as Compose would interpolate it. */
const clientService = (image: string, client: string, secret: boolean): Tree => ({
  image,
  command: ['sh', '-c', 'while :; do sleep 60; done'],
  init: true,
  networks: ['backend'],
  environment: {
    LAB_CLIENT: client.replaceAll('$', '$$$$'),
    ...(secret ? { REDIS_PASSWORD_FILE: `/run/secrets/${SECRET}` } : {}),
  },
  ...(secret ? { secrets: [SECRET] } : {}),
  healthcheck: { disable: true },
  stop_grace_period: '1s',
  deploy: { mode: 'global', endpoint_mode: 'dnsrr', restart_policy: { condition: 'any', delay: '1s' } },
})

const appService = (
  { topology, counterImage }: LabCompose,
  port: number,
  waitReplicas: number,
  quiet: boolean,
): Tree => ({
  image: counterImage,
  networks: ['backend'],
  environment: appEnvironment(topology, waitReplicas),
  secrets: [SECRET],
  ports: [{ target: 8080, published: port, protocol: 'tcp', mode: 'host' }],
  healthcheck: quiet ? { disable: true } : { interval: '2s', timeout: '3s', retries: 5, start_period: '30s' },
  stop_grace_period: '5s',
  read_only: true,
  volumes: [{ type: 'tmpfs', target: '/tmp' }],
  cap_drop: ['ALL'],
  deploy: {
    mode: 'global',
    endpoint_mode: 'dnsrr',
    restart_policy: { condition: 'any', delay: '1s' },
    resources: { limits: { cpus: '0.50', memory: '192M' } },
  },
})

/** Persistence modes with their Redis options; each runs on its own server. */
export const PERSISTENCE_MODES = {
  'no file': ['--appendonly', 'no', '--save', ''],
  snapshot: ['--appendonly', 'no', '--save', '5 1'],
  everysec: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
  always: ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
} as const
export type PersistenceMode = keyof typeof PERSISTENCE_MODES

export const persistenceServer = (mode: PersistenceMode): string => `redis-${mode.replace(' ', '-')}`

/** A stack with one server per persistence mode on one node. Only its client reaches it, so it has no password. */
export function persistenceCompose({
  redisImage,
  counterImage,
  node,
  client,
}: {
  readonly redisImage: string
  readonly counterImage: string
  readonly node: string
  readonly client: string
}): string {
  const servers = Object.entries(PERSISTENCE_MODES).map(([mode, flags]) => {
    const name = persistenceServer(mode as PersistenceMode)
    return [
      name,
      {
        image: redisImage,
        // The image's configuration without its entrypoint script: only the persistence mode differs.
        entrypoint: ['redis-server', '/etc/redis/counter.conf', ...flags],
        networks: ['backend'],
        volumes: [`${name}:/var/lib/redis`],
        healthcheck: { disable: true },
        stop_grace_period: '2s',
        deploy: {
          replicas: 1,
          endpoint_mode: 'dnsrr',
          placement: { constraints: [`node.hostname == ${node}`] },
          restart_policy: { condition: 'any', delay: '1s' },
        },
      },
    ] as const
  })
  return composeText({
    version: '3.8',
    services: { ...Object.fromEntries(servers), client: clientService(counterImage, client, false) },
    networks: { backend: { driver: 'overlay', attachable: true } },
    volumes: Object.fromEntries(servers.map(([name]) => [name, {}])),
  })
}
