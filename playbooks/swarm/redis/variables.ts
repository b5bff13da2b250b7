import { PlaybookError, type PlayContext } from '../../../src/labbook.ts'

export const TOPOLOGIES = ['single', 'replicas', 'sentinel', 'cluster'] as const
export type Topology = (typeof TOPOLOGIES)[number]

type Vars = Readonly<Record<string, unknown>>

const APPENDFSYNC = ['everysec', 'always'] as const

/** Of each master. */
const REPLICAS: Readonly<Record<Topology, number>> = { single: 0, replicas: 2, sentinel: 2, cluster: 1 }

/** How the Counter app's Redis is to be. Times are in milliseconds. */
export interface RedisVars {
  readonly redis_topology: Topology
  /** How many replicas have to confirm a change before the app says that it is made. */
  readonly redis_wait_replicas: number
  readonly redis_wait_ms: number
  readonly redis_appendfsync: (typeof APPENDFSYNC)[number]
  /** A master with fewer replicas than this refuses to write. */
  readonly redis_min_replicas_to_write: number
}

/**
 * The variables of Redis, as the inventory or `--extra-vars` set them. What is promised by default: with Sentinels and
 * in a cluster no change that was acknowledged is lost with one node.
 *
 * @throws {PlaybookError} what is wrong with one of them.
 */
export function redisVars(vars: Vars): RedisVars {
  const topology = oneOf('redis_topology', vars.redis_topology ?? 'single', TOPOLOGIES)
  const replicas = REPLICAS[topology]
  const guarded = topology === 'sentinel' || topology === 'cluster' ? 1 : 0
  return {
    redis_topology: topology,
    redis_wait_replicas: upTo(
      'redis_wait_replicas',
      vars.redis_wait_replicas ?? guarded,
      replicas,
      `redis_topology ${topology}`,
    ),
    // The app gives up on an answer after a second.
    redis_wait_ms: upTo('redis_wait_ms', vars.redis_wait_ms ?? 500, 999, undefined, 1),
    redis_appendfsync: oneOf('redis_appendfsync', vars.redis_appendfsync ?? 'everysec', APPENDFSYNC),
    redis_min_replicas_to_write: upTo(
      'redis_min_replicas_to_write',
      vars.redis_min_replicas_to_write ?? guarded,
      replicas,
      `redis_topology ${topology}`,
    ),
  }
}

/**
 * The same for a topology that is not the one asked for: what it was deployed with when it was, so that nothing of it
 * starts anew because it is left. A number that is too large for it was none of its own.
 */
export function redisVarsIf(topology: Topology, vars: Vars): RedisVars {
  const fitting = (name: string): unknown => (Number(vars[name]) <= REPLICAS[topology] ? vars[name] : undefined)
  const [waited, written] = ['redis_wait_replicas', 'redis_min_replicas_to_write'].map(fitting)
  return redisVars(
    over(vars, { redis_topology: topology, redis_wait_replicas: waited, redis_min_replicas_to_write: written }),
  )
}

/** The variables of Redis for a topology that is not the one asked for. */
export const redisVarsOf = (topology: Topology, vars: Vars): RedisVars =>
  redisVars(over(vars, { redis_topology: topology }))

/** Variables with others in their place. A copy would hide from the run which of them are read. */
const over = (vars: Vars, others: Vars): Vars => Object.assign(Object.create(vars) as Record<string, unknown>, others)

function oneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value)
  if (found === undefined)
    throw new PlaybookError(
      `${name} is "${String(value)}": it must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    )
  return found
}

/** From `-e NAME=1` comes a text. */
function upTo(name: string, value: unknown, highest: number, because?: string, lowest = 0): number {
  const number =
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN
  if (!Number.isInteger(number) || number < lowest || number > highest) {
    throw new PlaybookError(
      `${name} is "${String(value)}": it must be a whole number from ${lowest} to ${highest}${because === undefined ? '' : `, as each master has ${highest} replicas with ${because}`}`,
    )
  }
  return number
}

/** How many nodes a topology needs: what stands in for another must not be lost with it. */
export const nodesNeeded = (topology: Topology): number => (topology === 'single' ? 1 : 3)

/**
 * The nodes for Redis: first the one with the label `redis`, where the volume of the first server is; then two of the
 * others.
 *
 * @throws {PlaybookError} where no node has the label, or there are too few for the topology.
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
      "no node of group swarm has the label redis: give the one that is to keep the data swarm_labels: {redis: 'true'}",
    )
  if (topology !== 'single' && labelled.length > 1) {
    throw new PlaybookError(
      `the nodes ${labelled.join(', ')} all have the label redis: with redis_topology ${topology} one alone may have it, the others get their places by themselves`,
    )
  }
  const needed = nodesNeeded(topology)
  if (nodes.length < needed) {
    throw new PlaybookError(
      `redis_topology ${topology} needs ${needed} nodes in group swarm, as no two of its servers may be lost with one of them; the inventory has ${nodes.length}`,
    )
  }
  return [first, ...nodes.filter((host) => host !== first)].slice(0, 3)
}
