import {
  docker_node,
  docker_swarm,
  dockerResources,
  type DockerSwarm,
  play,
  PlaybookError,
  type PlayContext,
  register,
  timeoutMultiplierOf,
} from 'labbook'
import { nodeAddress } from '../lab/address.ts'
import { projectLab } from '../lab/lab.ts'
import { swarmVars } from './vars.ts'

/** State of the Swarm on the first manager: join tokens, members. */
const swarmState = register<DockerSwarm>('swarm')

const firstManager = ({ groups }: PlayContext): string => {
  const [manager] = groups.swarm_managers ?? []
  if (manager === undefined)
    throw new PlaybookError('group swarm_managers has no host: a Swarm needs at least one manager')
  return manager
}

/** Initializes the Swarm on the first manager, unless it is already in one. */
const swarmInit = play('Initialize Swarm', { hosts: 'swarm_managers[0]', become: true, tags: 'swarm' }, (on) => {
  // Slow nodes send heartbeats late; with the default period Swarm would reschedule their tasks.
  const slowdown = timeoutMultiplierOf(on, on.groups.swarm ?? [])
  return [
    docker_swarm('Initialize Swarm', {
      state: 'present',
      advertise_addr: nodeAddress(on, on.host),
      ...(slowdown === 1 ? {} : { dispatcher_heartbeat_period: Math.max(5, 2 * slowdown) * 1e9 }),
      register: swarmState,
    }),
  ]
})

/** Joins all other nodes, each in its role. A node of another Swarm, or one removed from this Swarm, rejoins. */
const swarmJoin = play(
  'Join nodes to Swarm',
  { hosts: 'swarm:!swarm_managers[0]', become: true, tags: 'swarm' },
  (on) => {
    const manager = firstManager(on)
    const role = (on.groups.swarm_managers ?? []).includes(on.host) ? 'manager' : 'worker'
    return [
      docker_swarm(`Join Swarm as ${role}`, {
        state: 'join',
        advertise_addr: nodeAddress(on, on.host),
        remote_addrs: [`${nodeAddress(on, manager)}:2377`],
        join_token: swarmState.on(manager).map(({ join_tokens }) => {
          if (join_tokens === undefined) throw new PlaybookError(`${manager} returned no join tokens`)
          return join_tokens[role]
        }),
        // On the user's own machines, leaving another Swarm would stop its tasks: only with swarm_force.
        force: isLabNode(on, on.host) || swarmVars.read(on.vars, on.host).swarm_force,
        // The tasks that Swarm starts here are none of those that this project configures otherwise.
        sets: [dockerResources.membership, dockerResources.node(on.host)],
        member_ids: swarmState.on(manager).map(({ nodes }) => nodes.map(({ id }) => id)),
      }),
    ]
  },
)

const isLabNode = (on: PlayContext, host: string): boolean =>
  projectLab(on)?.nodes.some(({ name }) => name === host) === true

/** Sets role, availability and labels of every node from the inventory. */
const swarmNodes = play('Configure Swarm nodes', { hosts: 'swarm_managers[0]', become: true, tags: 'swarm' }, (on) =>
  (on.groups.swarm ?? []).map((host) => {
    const { swarm_availability: availability, swarm_labels: labels } = swarmVars.read(on.hostvars(host), host)
    return docker_node(`Configure node ${host}`, {
      hostname: host,
      role: (on.groups.swarm_managers ?? []).includes(host) ? 'manager' : 'worker',
      availability,
      labels,
    })
  }),
)

/** Creates a Swarm on hosts with Docker. */
export const swarm = [swarmInit, swarmJoin, swarmNodes] as const
