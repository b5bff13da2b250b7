import { disturbAll, type Disturbance, type DisturbanceContext, type Disturbs } from 'labbook'
import type { Fault } from 'labbook/lab'
import { faultsOf } from '../../../lab/faults.ts'

type On = Pick<DisturbanceContext, 'groups' | 'hostvars'>

/** Every node of the Swarm. */
export const disturbSwarmNodes =
  (what: string): Disturbs =>
  ({ groups }) =>
    disturbAll(groups.swarm ?? [], what)

/** The node that `targetNode` returns; empty without a worker. */
export const lastWorker = ({ groups }: Pick<On, 'groups'>): readonly string[] => groups.swarm_workers?.slice(-1) ?? []

/** The effect of a fault on a host, without its name: on the user's own machines a power cut is a reset. */
export const disturbanceOf = ({ description: says }: Fault, host: string): Disturbance => ({
  host,
  what: says.startsWith(`${host} `) ? says.slice(host.length + 1) : says.replace(` of ${host} `, ' '),
})

/** Power-off of each host. */
export const powerOffEach = (on: On, hosts: readonly string[]): Disturbance[] =>
  hosts.map((host) => disturbanceOf(faultsOf(on, host).powerLoss, host))

/** All nodes but the first manager, which observes: the Redis master on one of them may be lost. */
export const nonManagers = ({ groups, hosts }: DisturbanceContext): string[] =>
  (groups.swarm ?? []).filter((name) => name !== hosts[0])
