import type { LocustMoment, LocustStats } from './locust-csv.ts'

/** A run of Locust, with a number of replicas. */
export interface LocustRun {
  readonly replicas: number
  readonly stats: LocustStats
  /** The aggregate by time; undefined without a `_stats_history.csv`. */
  readonly history: readonly LocustMoment[] | undefined
}

/** What a run measured while all users were active. Without a history: all of it, ramp-up included. */
export interface LocustPhase {
  /** undefined: unknown. */
  readonly users: number | undefined
  readonly seconds: number
  readonly requests: number
  readonly failures: number
  readonly requestsPerSecond: number
  /** Mean response time in milliseconds. */
  readonly mean: number
  /** Requests per second in consecutive blocks of {@link BLOCK_SECONDS}. */
  readonly blocks: readonly number[]
  /** Excluded seconds before all users were active; undefined without a history. */
  readonly rampUp: number | undefined
}

/** Timestamps are whole seconds: shorter blocks would show their rounding. */
export const BLOCK_SECONDS = 5

/**
 * Cuts off ramp-up and end of a run.
 *
 * @param users - number of users of a run without a history.
 */
export function phaseOf({ stats, history }: Pick<LocustRun, 'stats' | 'history'>, users?: number): LocustPhase {
  const steady = history === undefined ? [] : steadyMoments(history)
  const [first, last] = [steady[0], steady.at(-1)]
  if (history === undefined || first === undefined || last === undefined || last.time === first.time) {
    const { requests, failures, requestsPerSecond, mean } = stats.total
    const seconds = requestsPerSecond > 0 ? requests / requestsPerSecond : 0
    const peak = history === undefined ? users : Math.max(...history.map((moment) => moment.users))
    return { users: peak, seconds, requests, failures, requestsPerSecond, mean, blocks: [], rampUp: undefined }
  }
  const seconds = last.time - first.time
  const requests = last.requests - first.requests
  return {
    users: first.users === 0 ? undefined : first.users,
    seconds,
    requests,
    failures: last.failures - first.failures,
    requestsPerSecond: requests / seconds,
    mean: requests === 0 ? 0 : (last.mean * last.requests - first.mean * first.requests) / requests,
    blocks: blocksOf(steady),
    rampUp: first.time - (history[0]?.time ?? first.time),
  }
}

/** From the first to the last moment with all users. With `--reset-stats` the counts start again after the ramp-up. */
function steadyMoments(history: readonly LocustMoment[]): readonly LocustMoment[] {
  const peak = Math.max(...history.map(({ users }) => users))
  const from = history.findIndex(({ users }) => users === peak)
  const to = history.findLastIndex(({ users }) => users === peak)
  const moments = history.slice(from, to + 1)
  const reset = moments.findLastIndex(({ requests }, place) => requests < (moments[place - 1]?.requests ?? 0))
  return moments.slice(Math.max(0, reset))
}

function blocksOf(moments: readonly LocustMoment[]): number[] {
  const blocks: number[] = []
  let start = moments[0]
  for (const moment of moments) {
    if (start === undefined || moment.time - start.time < BLOCK_SECONDS) continue
    blocks.push((moment.requests - start.requests) / (moment.time - start.time))
    start = moment
  }
  return blocks
}
