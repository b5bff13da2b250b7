import { PlaybookError, type PlayContext } from 'labbook'
import { swarmVars } from '../swarm/vars.ts'
import { redisVars, type Topology } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

/** Replicas per master. */
const REPLICAS: Readonly<Record<Topology, number>> = { single: 0, replicas: 2, sentinel: 2, cluster: 1 }

/** Configuration of the Counter app's Redis. Times are in milliseconds. */
export interface RedisSettings {
  readonly redis_topology: Topology
  /** Replicas that must confirm a write before the app acknowledges it. */
  readonly redis_wait_replicas: number
  readonly redis_wait_ms: number
  readonly redis_appendfsync: 'everysec' | 'always'
  /** A master with fewer connected replicas refuses writes. */
  readonly redis_min_replicas_to_write: number
}

/**
 * The variables of Redis from the inventory or `--extra-vars`. With the defaults for `sentinel` and `cluster`, the loss
 * of one node loses no acknowledged write.
 *
 * @throws {PlaybookError} if a variable is invalid.
 */
export function redisSettings(vars: Vars): RedisSettings {
  const set = redisVars.read(vars)
  const topology = set.redis_topology
  const replicas = REPLICAS[topology]
  const required = topology === 'sentinel' || topology === 'cluster' ? 1 : 0
  const within = (name: string, value: number): number => {
    if (value <= replicas) return value
    throw new PlaybookError(
      `${name} is ${value}: it must be an integer from 0 to ${replicas} (${replicas} replicas per master with redis_topology ${topology})`,
    )
  }
  return {
    redis_topology: topology,
    redis_wait_replicas: within('redis_wait_replicas', set.redis_wait_replicas ?? required),
    redis_wait_ms: set.redis_wait_ms,
    redis_appendfsync: set.redis_appendfsync,
    redis_min_replicas_to_write: within('redis_min_replicas_to_write', set.redis_min_replicas_to_write ?? required),
  }
}

/**
 * The variables with which a topology other than the requested one was deployed, so that a switch away from it restarts
 * none of its servers. Numbers too large for it belong to the requested topology and are dropped.
 */
export function deployedRedisSettings(topology: Topology, vars: Vars): RedisSettings {
  const valueIfValid = (name: string): unknown => (Number(vars[name]) <= REPLICAS[topology] ? vars[name] : undefined)
  const [waitReplicas, minReplicas] = ['redis_wait_replicas', 'redis_min_replicas_to_write'].map(valueIfValid)
  return redisSettings(
    withOverrides(vars, {
      redis_topology: topology,
      redis_wait_replicas: waitReplicas,
      redis_min_replicas_to_write: minReplicas,
    }),
  )
}

/** The variables of Redis for a topology other than the requested one. */
export const redisSettingsFor = (topology: Topology, vars: Vars): RedisSettings =>
  redisSettings(withOverrides(vars, { redis_topology: topology }))

/** Overrides variables. Not a copy, so that the run can still track which variables are read. */
const withOverrides = (vars: Vars, overrides: Vars): Vars =>
  Object.assign(Object.create(vars) as Record<string, unknown>, overrides)

/** Nodes that a topology needs, so that one node failure does not lose a server together with its replica. */
export const nodesNeeded = (topology: Topology): number => (topology === 'single' ? 1 : 3)

/**
 * The nodes for Redis: first the one with the label `redis`, which has the volume of the first server, then two others.
 *
 * @throws {PlaybookError} if no node has the label, or the topology needs more nodes.
 */
export function redisNodes(
  { groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>,
  topology: Topology,
): string[] {
  const nodes = groups.swarm ?? []
  const labelled = nodes.filter((host) => swarmVars.read(hostvars(host), host).swarm_labels.redis === 'true')
  const [first] = labelled
  if (first === undefined)
    throw new PlaybookError(
      "no node of group swarm has the label redis: set swarm_labels: {redis: 'true'} on the node that stores the data",
    )
  if (topology !== 'single' && labelled.length > 1) {
    throw new PlaybookError(
      `nodes ${labelled.join(', ')} all have the label redis: with redis_topology ${topology} only one node may have it; Labbook places the other servers`,
    )
  }
  const needed = nodesNeeded(topology)
  if (nodes.length < needed) {
    throw new PlaybookError(
      `redis_topology ${topology} needs ${needed} nodes in group swarm to survive the loss of one; the inventory has ${nodes.length}`,
    )
  }
  return [first, ...nodes.filter((host) => host !== first)].slice(0, 3)
}
