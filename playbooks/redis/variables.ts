import { PlaybookError, type PlayContext } from 'labbook'

export const TOPOLOGIES = ['single', 'replicas', 'sentinel', 'cluster'] as const
export type Topology = (typeof TOPOLOGIES)[number]

type Vars = Readonly<Record<string, unknown>>

const APPENDFSYNC = ['everysec', 'always'] as const

/** Replicas per master. */
const REPLICAS: Readonly<Record<Topology, number>> = { single: 0, replicas: 2, sentinel: 2, cluster: 1 }

/** Configuration of the Counter app's Redis. Times are in milliseconds. */
export interface RedisVars {
  readonly redis_topology: Topology
  /** Replicas that must confirm a write before the app acknowledges it. */
  readonly redis_wait_replicas: number
  readonly redis_wait_ms: number
  readonly redis_appendfsync: (typeof APPENDFSYNC)[number]
  /** A master with fewer connected replicas refuses writes. */
  readonly redis_min_replicas_to_write: number
}

/**
 * The variables of Redis from the inventory or `--extra-vars`. With the defaults for `sentinel` and `cluster`, the loss
 * of one node loses no acknowledged write.
 *
 * @throws {PlaybookError} if a variable is invalid.
 */
export function redisVars(vars: Vars): RedisVars {
  const topology = oneOf('redis_topology', vars.redis_topology ?? 'single', TOPOLOGIES)
  const replicas = REPLICAS[topology]
  const required = topology === 'sentinel' || topology === 'cluster' ? 1 : 0
  return {
    redis_topology: topology,
    redis_wait_replicas: intFrom(
      'redis_wait_replicas',
      vars.redis_wait_replicas ?? required,
      replicas,
      `redis_topology ${topology}`,
    ),
    // Less than the app's timeout of one second.
    redis_wait_ms: intFrom('redis_wait_ms', vars.redis_wait_ms ?? 500, 999, undefined, 1),
    redis_appendfsync: oneOf('redis_appendfsync', vars.redis_appendfsync ?? 'everysec', APPENDFSYNC),
    redis_min_replicas_to_write: intFrom(
      'redis_min_replicas_to_write',
      vars.redis_min_replicas_to_write ?? required,
      replicas,
      `redis_topology ${topology}`,
    ),
  }
}

/**
 * The variables with which a topology other than the requested one was deployed, so that a switch away from it restarts
 * none of its servers. Numbers too large for it belong to the requested topology and are dropped.
 */
export function deployedRedisVars(topology: Topology, vars: Vars): RedisVars {
  const valueIfValid = (name: string): unknown => (Number(vars[name]) <= REPLICAS[topology] ? vars[name] : undefined)
  const [waitReplicas, minReplicas] = ['redis_wait_replicas', 'redis_min_replicas_to_write'].map(valueIfValid)
  return redisVars(
    withOverrides(vars, {
      redis_topology: topology,
      redis_wait_replicas: waitReplicas,
      redis_min_replicas_to_write: minReplicas,
    }),
  )
}

/** The variables of Redis for a topology other than the requested one. */
export const redisVarsFor = (topology: Topology, vars: Vars): RedisVars =>
  redisVars(withOverrides(vars, { redis_topology: topology }))

/** Overrides variables. Not a copy, so that the run can still track which variables are read. */
const withOverrides = (vars: Vars, overrides: Vars): Vars =>
  Object.assign(Object.create(vars) as Record<string, unknown>, overrides)

function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value)
  if (choice === undefined)
    throw new PlaybookError(
      `${name} is "${String(value)}": it must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
    )
  return choice
}

/** Accepts text, too: `-e NAME=1` passes a string. */
function intFrom(name: string, value: unknown, highest: number, because?: string, lowest = 0): number {
  const number =
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN
  if (!Number.isInteger(number) || number < lowest || number > highest) {
    throw new PlaybookError(
      `${name} is "${String(value)}": it must be a whole number from ${lowest} to ${highest}${because === undefined ? '' : ` (${highest} replicas per master with ${because})`}`,
    )
  }
  return number
}

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
  const labelled = nodes.filter((host) => String((hostvars(host).swarm_labels as Vars | undefined)?.redis) === 'true')
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
