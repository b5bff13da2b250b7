import { durationMultiplierOf, PlaybookError } from 'labbook'

type Vars = Readonly<Record<string, unknown>>

/**
 * Settings of load tests, from the inventory or `--extra-vars`. With the defaults, all load tests take about six
 * minutes.
 */
export interface LoadSettings {
  /** Seconds of a trial, after its warmup. */
  readonly trialSeconds: number
  readonly warmupSeconds: number
  /** Trials per number of replicas. */
  readonly trials: number
  /** Connections of a capacity trial. */
  readonly connections: number
  /** Requests after which a connection is reopened, so that connections are rebalanced. */
  readonly reconnectEvery: number
  /** Seconds of a trial with users. */
  readonly usersSeconds: number
  /** Numbers of replicas to measure the capacity of. */
  readonly replicas: readonly number[]
  /** Seconds of a load step, and maximum connections. */
  readonly stepSeconds: number
  readonly maxConnections: number
  /** Limit of p95 latency in milliseconds: capacity is the throughput within it. */
  readonly p95Ms: number
  /** Accepted fraction of failed requests. */
  readonly failureLimit: number
  /** Ratios this close to 1 count as equal. */
  readonly tolerance: number
  /** Load tests are skipped above this timeout multiplier. */
  readonly maxTimeoutMultiplier: number
}

/**
 * @param slowdown - timeout multiplier of the machines under load (`slowdownOf`). Scales the default latency limit and,
 *   less, the duration of loads (`longerWhere`).
 * @throws {PlaybookError} if a variable is invalid.
 */
export function loadSettings(vars: Vars, slowdown = 1): LoadSettings {
  const longer = durationMultiplierOf(slowdown)
  const number = (name: string, fallback: number, min: number, max: number, integer = false): number => {
    const value = Number(vars[name] ?? fallback)
    if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
      throw new PlaybookError(
        `${name} is ${JSON.stringify(vars[name])}: it must be ${integer ? 'an integer' : 'a number'} from ${min} to ${max}`,
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
    maxConnections: number('load_most_connections', 128, 1, 1000, true),
    p95Ms: number('load_p95_ms', 1000 * slowdown, 1, 60_000),
    failureLimit: number('load_failed', 0.01, 0, 1),
    tolerance: number('load_within', 0.1, 0.01, 1),
    maxTimeoutMultiplier: number('load_most_slowdown', 5, 1, 60, true),
  }
}

/** `[1, 2, 4]`, or `1,2,4` from the command line. */
function replicaList(value: unknown): number[] {
  const counts = (Array.isArray(value) ? value : String(value).split(',')).map(Number)
  if (counts.length === 0 || !counts.every((count) => Number.isInteger(count) && count >= 1 && count <= 100)) {
    throw new PlaybookError(`load_replicas is ${JSON.stringify(value)}: it must be a list of integers such as 1,2,4,8`)
  }
  return [...new Set(counts)].sort((a, b) => a - b)
}
