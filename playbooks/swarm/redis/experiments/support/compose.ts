import { KEY } from '../settings.ts'
import { slotOf } from './replies.ts'
import { stringify } from 'yaml'
import type { Topology } from '../../variables.ts'

type Tree = Readonly<Record<string, unknown>>

/** A stack for experiments: what it is made of. */
export interface LabCompose {
  readonly stack: string
  readonly topology: Topology
  /** The services of Redis, as the template of that topology has them. */
  readonly services: Tree
  readonly volumes: Tree
  readonly counterImage: string
  /** The nodes' names: those named first get what has a place of its own. */
  readonly nodes: readonly string[]
  /** Port on each node that the app answers at; without one there is no app. */
  readonly port?: number
  /** Replicas that are to confirm each change that the app makes. */
  readonly waitReplicas?: number
  /** Without health checks, which take CPU where CPU is what is measured. */
  readonly quiet?: boolean
  /** What the client in it runs. */
  readonly client: string
}

/** Docker reads YAML 1.1, in which a bare `yes` is no string. */
const composeText = (stack: object): string => stringify(stack, { version: '1.1' })

const SECRET = 'redis_password'
export const secretOf = (stack: string): string => `${stack}_${SECRET}`

const SENTINELS = ['sentinel-1', 'sentinel-2', 'sentinel-3']
const CLUSTER = [1, 2, 3, 4, 5, 6].map((n) => `redis-cluster-${n}`)

/** `host:port` of each server, within the stack's network. */
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

/** What tells the app where its Redis is. */
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
 * The nodes in the order in which they get servers, three at least. The master is on the last node, which experiments
 * take away: so the manager, which is asked what happens meanwhile, is not the one that is lost.
 *
 * @param topology - of a cluster's masters it is the one that has the counter, with no other beside it: with two of
 *   three the majority would be lost.
 */
export function inTurn(nodes: readonly string[], topology?: Topology): string[] {
  const [last = '', others] = [nodes.at(-1), nodes.slice(0, -1)]
  const at = topology === 'cluster' ? COUNTER_MASTER : 0
  const turned =
    at === 0 || others.length < 2 ? [last, ...others] : [...others.slice(-at), last, ...others.slice(0, -at)]
  return [0, 1, 2].map((place) => turned[place % turned.length] ?? '')
}

/**
 * The place (0, 1, 2) of the cluster's master that has the slot of the counter: slots are dealt out in thirds
 * (redis-admin.sh).
 */
const COUNTER_MASTER = [5461, 10_923].filter((first) => slotOf(KEY) >= first).length

/** The stack as a compose file for `docker stack deploy`. */
export function labCompose(what: LabCompose): string {
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
  } = what
  const redis = Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      inLab(service as Tree, inTurn(nodes, topology)[0] as string, quiet),
    ]),
  )
  return composeText({
    version: '3.8',
    services: {
      ...redis,
      client: clientService(counterImage, client, true),
      ...(port === undefined ? {} : { counter: appService(what, port, waitReplicas, quiet) }),
    },
    networks: { backend: { driver: 'overlay', attachable: true } },
    ...(Object.keys(volumes).length > 0 ? { volumes } : {}),
    secrets: { [SECRET]: { external: true, name: secretOf(stack) } },
  })
}

/** A service of the template. What is where the label says in the app's stack is on the first of the nodes here. */
function inLab(service: Tree, first: string, quiet: boolean): Tree {
  const deploy = (service.deploy ?? {}) as Tree
  const { constraints = [] } = (deploy.placement ?? {}) as { constraints?: readonly string[] }
  return {
    ...service,
    ...(quiet ? { healthcheck: { disable: true } } : {}),
    deploy: {
      ...deploy,
      placement: {
        constraints: constraints.map((each) =>
          each.startsWith('node.labels.redis') ? `node.hostname == ${first}` : each,
        ),
      },
    },
  }
}

/** One on each node, which does nothing until it is told to. Compose would read `$` as the beginning of a variable. */
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

/** Ways to keep data, as Redis is told on its command line: each is a server of its own. */
export const KEEPING = {
  'no file': ['--appendonly', 'no', '--save', ''],
  snapshot: ['--appendonly', 'no', '--save', '5 1'],
  everysec: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
  always: ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
} as const
export type Keeping = keyof typeof KEEPING

export const keeperOf = (way: Keeping): string => `redis-${way.replace(' ', '-')}`

/**
 * A stack with a server for each way to keep data, all on one node, which nobody but its client reaches: without a
 * password.
 */
export function keepingCompose({
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
  const keepers = Object.entries(KEEPING).map(([way, flags]) => {
    const name = keeperOf(way as Keeping)
    return [
      name,
      {
        image: redisImage,
        // A single Redis as the image configures it, without its own start script: only the way to keep data differs.
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
    services: { ...Object.fromEntries(keepers), client: clientService(counterImage, client, false) },
    networks: { backend: { driver: 'overlay', attachable: true } },
    volumes: Object.fromEntries(keepers.map(([name]) => [name, {}])),
  })
}
