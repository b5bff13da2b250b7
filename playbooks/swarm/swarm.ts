import {
  docker_node,
  docker_swarm,
  play,
  PlaybookError,
  register,
  slowdownOf,
  type DockerSwarm,
  type PlayContext,
} from '../../src/labbook.ts'
import { labOf } from '../../src/lab/lab.ts'
import { addressAmongNodes } from '../lab/address.ts'

/** What the first manager knows: the tokens, the members. */
const swarmState = register<DockerSwarm>('swarm')

const firstManager = ({ groups }: PlayContext): string => {
  const [manager] = groups.swarm_managers ?? []
  if (manager === undefined)
    throw new PlaybookError('the inventory has no host in group swarm_managers: a Swarm needs one')
  return manager
}

/** The first manager starts the Swarm, unless it is in one. */
const swarmInit = play('Swarm: first manager', { hosts: 'swarm_managers[0]', become: true, tags: 'swarm' }, (on) => {
  // A node that is slow is late with its signs of life, and its tasks would be started anew elsewhere.
  const slowdown = slowdownOf(on, on.groups.swarm ?? [])
  return [
    docker_swarm('Start the Swarm', {
      state: 'present',
      advertise_addr: addressAmongNodes(on, on.host),
      ...(slowdown === 1 ? {} : { dispatcher_heartbeat_period: Math.max(5, 2 * slowdown) * 1e9 }),
      register: swarmState,
    }),
  ]
})

/** All others join, each in its role. A node that is in another Swarm, or was removed from this one, joins anew. */
const swarmJoin = play('Swarm: join', { hosts: 'swarm:!swarm_managers[0]', become: true, tags: 'swarm' }, (on) => {
  const manager = firstManager(on)
  const joins = (on.groups.swarm_managers ?? []).includes(on.host) ? 'manager' : 'worker'
  return [
    docker_swarm(`Join as ${joins}`, {
      state: 'join',
      advertise_addr: addressAmongNodes(on, on.host),
      remote_addrs: [`${addressAmongNodes(on, manager)}:2377`],
      join_token: swarmState.on(manager).map(({ join_tokens }) => {
        if (join_tokens === undefined) throw new PlaybookError(`${manager} gave no join tokens`)
        return join_tokens[joins]
      }),
      // What another Swarm runs on a machine of the user's is not ended unasked.
      force: isOfLab(on, on.host) || on.vars.swarm_force === true || on.vars.swarm_force === 'true',
      member_ids: swarmState.on(manager).map(({ nodes }) => nodes.map(({ id }) => id)),
    }),
  ]
})

const isOfLab = (on: PlayContext, host: string): boolean => labOf(on)?.nodes.some(({ name }) => name === host) === true

/** Role, availability and labels of every node, as the inventory has them. */
const swarmNodes = play('Swarm: nodes', { hosts: 'swarm_managers[0]', become: true, tags: 'swarm' }, (on) =>
  (on.groups.swarm ?? []).map((host) => {
    const vars = on.hostvars(host)
    return docker_node(`${host}: role, availability, labels`, {
      hostname: host,
      role: (on.groups.swarm_managers ?? []).includes(host) ? 'manager' : 'worker',
      availability: availabilityOf(vars.swarm_availability),
      labels: labelsOf(vars.swarm_labels),
    })
  }),
)

function availabilityOf(value: unknown): 'active' | 'pause' | 'drain' {
  if (value === undefined) return 'active'
  if (value === 'active' || value === 'pause' || value === 'drain') return value
  throw new PlaybookError(`swarm_availability is active, pause or drain, not "${String(value)}"`)
}

const labelsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, unknown>).map(([key, label]) => [key, String(label)]),
  )

/** From machines with Docker to a Swarm. */
export const swarm = [swarmInit, swarmJoin, swarmNodes] as const
