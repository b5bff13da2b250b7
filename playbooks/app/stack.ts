import {
  docker_secret,
  docker_stack,
  file,
  play,
  shell,
  slowdownOf,
  template,
  type Play,
  type PlayContext,
  type Task,
} from '../../src/labbook.ts'
import { images } from '../images/images.ts'
import { registryHost } from '../registry/address.ts'
import { adminCommand, redis_admin } from '../swarm/redis/admin.ts'
import { password, redisPassword, secretName } from '../swarm/redis/password.ts'
import { carriedOver, lookWhere, shapeOf, stackFileOf } from '../swarm/redis/switch.ts'
import {
  nodesNeeded,
  redisNodes,
  redisVars,
  redisVarsIf,
  TOPOLOGIES,
  type RedisVars,
  type Topology,
} from '../swarm/redis/variables.ts'

/** The name of the stack: its services are called `counter_counter`, `counter_redis`, `counter_gateway`. */
export const STACK = 'counter'
const REPLICAS = 4
const COUNTER_PORT = 8080

/** The app's variables, as the inventory or `--extra-vars` set them. */
export const appVars = (vars: Readonly<Record<string, unknown>>) => ({
  counter_replicas: Number(vars.counter_replicas ?? REPLICAS),
  counter_max_per_node: Number(vars.counter_max_per_node ?? 2),
  counter_port: Number(vars.counter_port ?? COUNTER_PORT),
})

/**
 * Only where every node's kernel has IPVS can the routing mesh carry traffic. Nodes outside of this run are not asked.
 */
const hasMesh = ({ groups, hostvars }: PlayContext): boolean => {
  const known = (groups.swarm ?? [])
    .map((host) => hostvars(host).ansible_facts as PlayContext['facts'])
    .filter((facts) => 'ipvs' in facts)
  return known.length > 0 && known.every((facts) => facts.ipvs === true)
}

const FOLDER = '/opt/labbook/stack'

/**
 * Deploys the stack. Where the kernel has no IPVS, DNS round robin and a gateway on every node stand in for the mesh.
 */
const stackWith = (topology?: Topology): Play =>
  play('Counter app: stack', { hosts: 'swarm_managers[0]', become: true, tags: 'stack', gather_facts: true }, (on) => {
    const builder = registryHost(on)
    const redis = redisVars(topology === undefined ? on.vars : { ...on.vars, redis_topology: topology })
    const to = redis.redis_topology
    redisNodes(on, to)
    const image = images.redis.on(builder).map(({ image }) => image)
    const possible = TOPOLOGIES.filter((one) => one === to || nodesNeeded(one) <= (on.groups.swarm ?? []).length)
    const compose = `${FOLDER}/counter.yml`
    const common = {
      ipvs: hasMesh(on),
      redis_image: image,
      redis_secret: secretName(),
      slowdown: slowdownOf(on, on.groups.swarm ?? []),
    }
    return [
      [FOLDER, `${FOLDER}/redis`].map((path) =>
        file('Folder of the stack', { path, state: 'directory', mode: '0755' }),
      ),
      docker_secret('Password of Redis in the Swarm', { name: secretName(), data: password() }),
      lookWhere(),
      // Of all topologies: to leave one, its services are needed as well.
      possible.map((one) =>
        template(`Stack file of Redis: ${one}`, {
          src: `redis/${one}.yml`,
          dest: stackFileOf(one),
          mode: '0644',
          vars: { ...common, ...(one === to ? redis : redisVarsIf(one, on.vars)), redis_nodes: redisNodes(on, one) },
        }),
      ),
      carriedOver({ to, possible, image, password: password() }),
      template('Stack file', {
        src: 'stack/counter.yml',
        dest: compose,
        mode: '0644',
        vars: {
          ...appVars(on.vars),
          ...common,
          ...redis,
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
      }),
      redisWorks(redis, image),
    ]
  })

/** What is left to do once the servers run, and the wait until they work together. */
function redisWorks({ redis_topology: topology }: RedisVars, image: ReturnType<typeof secretName>): Task[] {
  const mended = { cluster: 'form', sentinel: 'tidy', single: undefined, replicas: undefined } as const
  const verb = mended[topology]
  const titles = { form: 'One cluster of all nodes', tidy: 'Sentinels know only the servers that are there' }
  const ready = shell(`Redis works: ${topology}`, {
    // Waits between tries, not within one: what only looks may be asked ahead of its turn.
    cmd: image.map(
      (name) =>
        `missing=$(${adminCommand(name, topology, ['look', shapeOf(topology)])}) || exit; [ -z "$missing" ] || { printf '%s\\n' "$missing" >&2; exit 1; }`,
    ),
    stdin: password(),
    read_only: true,
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

/** The password of Redis, then the stack. With a topology given, that one, whatever the inventory says. */
export const appStackWith = (topology?: Topology) => [redisPassword, stackWith(topology)]

export const appStack = appStackWith()
