import { onHosts, type Disturbance, type DisturbanceContext, type Disturbs } from '../../../../src/labbook.ts'
import type { Fault } from '../../../../src/lab/faults.ts'
import { faultsOf } from '../../../lab/faults.ts'

type On = Pick<DisturbanceContext, 'groups' | 'hostvars'>

/** Every node of the Swarm. */
export const swarmNodes =
  (what: string): Disturbs =>
  ({ groups }) =>
    onHosts(groups.swarm ?? [], what)

/** The node that {@link victim} names; none where the Swarm has no worker. */
export const lastWorker = ({ groups }: Pick<On, 'groups'>): readonly string[] => groups.swarm_workers?.slice(-1) ?? []

/** What a fault does to a host, without its name: on machines of one's own a power cut is a reset. */
export const struck = ({ says }: Fault, host: string): Disturbance => ({
  host,
  what: says.startsWith(`${host} `) ? says.slice(host.length + 1) : says.replace(` of ${host} `, ' '),
})

/** Hosts that lose their power. */
export const losesPower = (on: On, hosts: readonly string[]): Disturbance[] =>
  hosts.map((host) => struck(faultsOf(on, host).powerOff, host))

/** The nodes whose Redis may be the master that is lost: all but the manager that is asked what happens. */
export const notManager = ({ groups, hosts }: DisturbanceContext): string[] =>
  (groups.swarm ?? []).filter((name) => name !== hosts[0])
