import { durationMultiplierOf } from 'labbook'
import type { Kind } from 'labbook/load'
import { loadVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

/**
 * Settings of load tests, from the inventory or `--extra-vars`. With the defaults, all load tests take about six
 * minutes.
 */
export interface LoadSettings {
  /** Seconds of a trial, after its warmup. */
  readonly trialSeconds: number
  readonly warmupSeconds: number
  /** Trials per number of replicas: before the first comparison, and at most. */
  readonly trials: number
  readonly maxTrials: number
  /** Whether the CPU limit of the replicas may be lowered during the test. */
  readonly budget: boolean
  /** Connections of a capacity trial. */
  readonly connections: number
  /** Requests after which a connection is reopened, so that connections are rebalanced. */
  readonly reconnectEvery: number
  /** Requests of every load, with their weights. */
  readonly kinds: readonly Kind[]
  /** Numbers of users with think time, and of replicas that serve them. */
  readonly users: readonly number[]
  readonly usersReplicas: readonly number[]
  /** Seconds of a trial with users. */
  readonly usersSeconds: number
  /** Numbers of replicas to measure the capacity of. */
  readonly replicas: readonly number[]
  /** Seconds of a load step and of its warmup, and maximum connections. */
  readonly stepSeconds: number
  readonly stepWarmupSeconds: number
  readonly maxConnections: number
  /** Limit of p95 latency in milliseconds: capacity is the throughput within it. */
  readonly p95Ms: number
  /** Limit of p99 latency in milliseconds at a fixed rate. */
  readonly goalMs: number
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
  const set = loadVars.read(vars)
  return {
    trialSeconds: set.load_trial_seconds ?? 2 * longer,
    warmupSeconds: set.load_warmup_seconds ?? longer,
    trials: set.load_trials,
    maxTrials: Math.max(set.load_trials, set.load_most_trials),
    budget: set.load_budget,
    connections: set.load_connections,
    reconnectEvery: set.load_reconnect_every,
    kinds: Object.entries(set.load_mix).map(([request, weight]) => {
      const [method, path] = request.split(' ') as [Kind['method'], string]
      return { method, path, weight }
    }),
    users: set.load_users,
    usersReplicas: set.load_users_replicas,
    usersSeconds: set.load_users_seconds ?? 12 * longer,
    replicas: set.load_replicas,
    stepSeconds: set.load_step_seconds ?? 2 * longer,
    stepWarmupSeconds: Math.min(set.load_warmup_seconds ?? longer, longer / 2),
    maxConnections: set.load_most_connections,
    p95Ms: set.load_p95_ms ?? 1000 * slowdown,
    goalMs: set.load_goal_ms ?? 500 * slowdown,
    failureLimit: set.load_failed,
    tolerance: set.load_within,
    maxTimeoutMultiplier: set.load_most_slowdown,
  }
}
