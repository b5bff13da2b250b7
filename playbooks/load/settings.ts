import { longerWhere, PlaybookError } from '../../src/labbook.ts'

type Vars = Readonly<Record<string, unknown>>

/**
 * How long, how often, how much: variables of the inventory or `--extra-vars`. As they stand, all load tests take about
 * six minutes.
 */
export interface LoadSettings {
  /** Seconds of a trial that count, and before them some that do not. */
  readonly trialSeconds: number
  readonly warmupSeconds: number
  /** Trials of each number of replicas that is compared. */
  readonly trials: number
  /** Connections of a trial of capacity. */
  readonly connections: number
  /** Each connection is made anew after so many requests, for a balancer of connections to deal them out again. */
  readonly reconnectEvery: number
  /** Seconds that users are at it. */
  readonly usersSeconds: number
  /** Numbers of replicas to find the capacity of. */
  readonly replicas: readonly number[]
  /** Seconds of a step of load that count, and the most connections of one. */
  readonly stepSeconds: number
  readonly mostConnections: number
  /** Milliseconds: capacity is what is served with 95 of 100 answers within. */
  readonly p95Ms: number
  /** Part of the requests that may fail. */
  readonly failed: number
  /** Ratios this near to 1 are no difference. */
  readonly within: number
  /** Machines with a higher slowdown are not loaded. */
  readonly mostSlowdown: number
}

/**
 * @param slowdown - of the machines under load (`slowdownOf`). Answers take so many times as long there, and so does by
 *   default what is still taken for an
 * answer; loads last longer (`longerWhere`).
 * @throws {PlaybookError} where a variable is not a number that makes sense.
 */
export function loadSettings(vars: Vars, slowdown = 1): LoadSettings {
  const longer = longerWhere(slowdown)
  const number = (name: string, otherwise: number, least: number, most: number, whole = false): number => {
    const value = Number(vars[name] ?? otherwise)
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      throw new PlaybookError(
        `${name} is ${JSON.stringify(vars[name])}: give a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
      )
    }
    return value
  }
  return {
    trialSeconds: number('load_trial_seconds', 5 * longer, 1, 300),
    warmupSeconds: number('load_warmup_seconds', longer, 0, 60),
    trials: number('load_trials', 5, 1, 50, true),
    connections: number('load_connections', 32, 1, 1000, true),
    reconnectEvery: number('load_reconnect_every', 50, 1, 100_000, true),
    usersSeconds: number('load_users_seconds', 12 * longer, 2, 600),
    replicas: replicaList(vars.load_replicas ?? [1, 2, 4, 8]),
    stepSeconds: number('load_step_seconds', 3 * longer, 1, 120),
    mostConnections: number('load_most_connections', 128, 1, 1000, true),
    p95Ms: number('load_p95_ms', 1000 * slowdown, 1, 60_000),
    failed: number('load_failed', 0.01, 0, 1),
    within: number('load_within', 0.1, 0.01, 1),
    mostSlowdown: number('load_most_slowdown', 5, 1, 60, true),
  }
}

/** `[1, 2, 4]`, or `1,2,4` as the command line gives it. */
function replicaList(given: unknown): number[] {
  const counts = (Array.isArray(given) ? given : String(given).split(',')).map(Number)
  if (counts.length === 0 || !counts.every((count) => Number.isInteger(count) && count >= 1 && count <= 100)) {
    throw new PlaybookError(`load_replicas is ${JSON.stringify(given)}: give numbers of replicas, such as 1,2,4,8`)
  }
  return [...new Set(counts)].sort((a, b) => a - b)
}
