import {
  docker_secret,
  docker_stack,
  file,
  HOST_DIRECTORIES,
  type Play,
  play,
  type PlayContext,
  shell,
  type Task,
  template,
  timeoutMultiplierOf,
} from 'labbook'
import { images } from './images/images.ts'
import { appVars } from './vars.ts'
import { registryHost } from '../registry/address.ts'
import { adminCommand, redis_admin, stackReads } from '../redis/admin.ts'
import { password, redisPassword, secretName } from '../redis/password.ts'
import { migrationTasks, detectTopology, waitTargetOf, stackFileOf } from '../redis/switch.ts'
import {
  deployedRedisSettings,
  nodesNeeded,
  redisNodes,
  redisSettings,
  redisSettingsFor,
  type RedisSettings,
} from '../redis/settings.ts'
import { TOPOLOGIES, type Topology } from '../redis/vars.ts'
import { templateFile } from '../template-file.ts'

/** The name of the stack: its services are called `counter_counter`, `counter_redis`, `counter_gateway`. */
export const STACK = 'counter'

/** CPU limit of a replica of the Counter app, in cores. */
export const COUNTER_CPUS = 0.5

/**
 * The routing mesh needs IPVS in the kernel of every node. Nodes without facts are not considered.
 */
const hasMesh = ({ groups, hostvars }: PlayContext): boolean => {
  const known = (groups.swarm ?? [])
    .map((host) => hostvars(host).ansible_facts as PlayContext['facts'])
    .filter((facts) => 'ipvs' in facts)
  return known.length > 0 && known.every((facts) => facts.ipvs === true)
}

const DIRECTORY = `${HOST_DIRECTORIES.files}/stack`

/** Deploys the stack. Without IPVS, DNS round robin and a gateway on every node replace the routing mesh. */
const stackWith = (topology?: Topology): Play =>
  play('Deploy Counter app', { hosts: 'swarm_managers[0]', become: true, tags: 'stack', gather_facts: true }, (on) => {
    const builder = registryHost(on)
    const redis = topology === undefined ? redisSettings(on.vars) : redisSettingsFor(topology, on.vars)
    const to = redis.redis_topology
    redisNodes(on, to)
    const image = images.redis.on(builder).map(({ image }) => image)
    const possible = TOPOLOGIES.filter((one) => one === to || nodesNeeded(one) <= (on.groups.swarm ?? []).length)
    const compose = `${DIRECTORY}/counter.yml`
    const common = {
      ipvs: hasMesh(on),
      redis_image: image,
      redis_secret: secretName(),
      slowdown: timeoutMultiplierOf(on, on.groups.swarm ?? []),
    }
    return [
      [DIRECTORY, `${DIRECTORY}/redis`].map((path) =>
        file(`Create ${path}`, { path, state: 'directory', mode: '0755' }),
      ),
      docker_secret('Create Swarm secret for Redis password', { name: secretName(), data: password() }),
      detectTopology(),
      // All topologies: a switch also needs the services of the topology it leaves.
      possible.map((one) =>
        template(`Write Redis stack file: ${one}`, {
          src: templateFile(`redis/${one}.yml`),
          dest: stackFileOf(one),
          mode: '0644',
          vars: {
            ...common,
            ...(one === to ? redis : deployedRedisSettings(one, on.vars)),
            redis_nodes: redisNodes(on, one),
          },
        }),
      ),
      migrationTasks({ to, possible, image, password: password() }),
      template('Write stack file', {
        src: templateFile('stack/counter.yml'),
        dest: compose,
        mode: '0644',
        vars: {
          ...appVars.read(on.vars, on.host),
          ...common,
          ...redis,
          counter_cpus: COUNTER_CPUS,
          counter_image: images.counter.on(builder).map(({ image }) => image),
          gateway_image: images.gateway.on(builder).map(({ image }) => image),
        },
      }),
      docker_stack('Deploy the stack', {
        name: STACK,
        compose: [compose, stackFileOf(to)],
        prune: true,
        resolve_image: 'never',
        with_registry_auth: true,
        timeout: 900,
        // Its services mount volumes only.
        sets: [],
      }),
      redisReady(redis, image),
    ]
  })

/** Tasks after Redis has started: form the topology, and wait until it is healthy. */
function redisReady({ redis_topology: topology }: RedisSettings, image: ReturnType<typeof secretName>): Task[] {
  const verbs = { cluster: 'form', sentinel: 'tidy', single: undefined, replicas: undefined } as const
  const verb = verbs[topology]
  const titles = { form: 'Form Redis Cluster', tidy: 'Remove stale Sentinel entries' }
  const ready = shell(`Wait for Redis: ${topology}`, {
    // Waits between attempts, not within one: Labbook may prefetch a read-only task.
    cmd: image.map(
      (name) =>
        `missing=$(${adminCommand(name, topology, ['look', waitTargetOf(topology)])}) || exit; [ -z "$missing" ] || { printf '%s\\n' "$missing" >&2; exit 1; }`,
    ),
    stdin: password(),
    read_only: true,
    reads: stackReads,
    timeout: 600,
    until: ({ rc }) => rc === 0,
    retries: 120,
    delay: 1,
  })
  return [
    ...(topology === 'cluster' ? [] : [ready]),
    ...(verb === undefined
      ? []
      : [redis_admin(titles[verb], { verb, image, topology, password: password(), timeout: 400 })]),
    ...(topology === 'cluster' ? [ready] : []),
  ]
}

/** Creates the Redis password, then deploys the stack. `topology` overrides the inventory. */
export const appStackFor = (topology?: Topology) => [redisPassword, stackWith(topology)]

export const appStack = appStackFor()
