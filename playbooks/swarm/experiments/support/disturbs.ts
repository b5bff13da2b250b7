import { disturbAll, type DisturbanceContext, type Disturbs } from 'labbook'

/** Every node of the Swarm. */
export const disturbSwarmNodes =
  (what: string): Disturbs =>
  ({ groups }) =>
    disturbAll(groups.swarm ?? [], what)

/** The node that `targetNode` returns; empty without a worker. */
export const lastWorker = ({ groups }: Pick<DisturbanceContext, 'groups'>): readonly string[] =>
  groups.swarm_workers?.slice(-1) ?? []

/** All nodes but the first manager, which observes: the Redis master on one of them may be lost. */
export const nonManagers = ({ groups, hosts }: DisturbanceContext): string[] =>
  (groups.swarm ?? []).filter((name) => name !== hosts[0])
