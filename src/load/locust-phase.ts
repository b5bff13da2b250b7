import { mean as meanOf } from 'simple-statistics'
import { BLOCK_SECONDS, type LocustPhase } from './locust-run.ts'

/** A conclusion from imported runs. */
export interface ImportFinding {
  readonly id: string
  readonly statement: string
  /** null: inconclusive. */
  readonly holds: boolean | null
  readonly detail: string
}

/** A shorter phase, or fewer requests, loadMessage little. */
const LEAST_SECONDS = 30
const LEAST_REQUESTS = 100
/** Maximum ratio of failed requests: failures are often faster than responses. */
const FAILED = 0.01
/** The users set the rate if it is this close to the most they can request. */
const NEAR_MOST = 0.9
/** Allowed deviation of the rate from that predicted for a given think time. */
const TOLERANCE = 0.15

/** Too many failures: they are often faster than responses. */
export const hasFailed = ({ requests, failures }: LocustPhase): boolean => failures > requests * FAILED

/** Whether the users limit the throughput of a run. */
export type UsersLimit = ImportFinding & {
  /** Requests per second of the users at a response time of 0; undefined: unknown. */
  readonly most?: number
}

const rate = (perSecond: number): string => `${perSecond.toFixed(1)} requests/s`
/** `2.5 %`, `36 %` */
export const percent = (ratio: number): string => `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`

/** Of at least one number. */

/** Long enough, without ramp-up and almost without failures. */
export function validityOf(suffix: string, name: string, phase: LocustPhase): ImportFinding {
  const { seconds, requests, failures, rampUp, blocks } = phase
  const finding = {
    id: `import.valid.${suffix}`,
    statement: `Run with ${name} is long enough, steady and without failures`,
  }
  const problems = [
    ...(failures > requests * FAILED
      ? [
          `${failures} of ${requests} requests failed (${percent(failures / requests)}); failures are often faster than responses`,
        ]
      : []),
    ...(seconds < LEAST_SECONDS || requests < LEAST_REQUESTS
      ? [
          `${seconds.toFixed(0)} s with all users and ${requests} requests; ` +
            `${LEAST_SECONDS} s and ${LEAST_REQUESTS} requests are needed`,
        ]
      : []),
    ...drift(blocks),
  ]
  if (problems.length > 0) return { ...finding, holds: false, detail: problems.join('; ') }
  if (rampUp === undefined)
    return { ...finding, holds: null, detail: 'no _stats_history.csv, so the ramp-up is part of the figures' }
  return {
    ...finding,
    holds: true,
    detail:
      `${seconds} s after ${rampUp} s of ramp-up, ${failures} of ${requests} requests failed, ` +
      `${Math.min(...blocks).toFixed(1)} to ${Math.max(...blocks).toFixed(1)} requests/s in blocks of ${BLOCK_SECONDS} s`,
  }
}

/** A rate that rises or falls is not that of a steady state. */
function drift(blocks: readonly number[]): string[] {
  const half = Math.floor(blocks.length / 2)
  if (half === 0 || blocks.every((block) => block === 0)) return []
  const [before, after] = [meanOf(blocks.slice(0, half)), meanOf(blocks.slice(-half))]
  return Math.abs(after / before - 1) <= TOLERANCE
    ? []
    : [`the rate changed from ${before.toFixed(1)} to ${after.toFixed(1)} requests/s between the halves of the run`]
}

/**
 * By Little's law, N users with think time Z and response time R request N / (Z + R) per second, at most N / Z. With a
 * short R they set the rate, whatever the server.
 */
export function usersLimit(suffix: string, name: string, phase: LocustPhase, think: number | undefined): UsersLimit {
  const { users, requestsPerSecond, mean, requests, failures } = phase
  const inconclusive = (statement: string, detail: string): ImportFinding => ({
    id: `import.users.${suffix}`,
    statement,
    holds: null,
    detail,
  })
  if (users === undefined)
    return inconclusive(
      `The users limit the throughput of ${name}`,
      'the number of users is unknown: put the _stats_history.csv beside the file, or specify --users',
    )
  const statement = `${users} users, not the app, limit the throughput of ${name}`
  if (requests < LEAST_REQUESTS) return inconclusive(statement, `${requests} requests are too few`)
  if (failures > requests * FAILED) return inconclusive(statement, `${failures} of ${requests} requests failed`)
  const response = mean / 1000
  // The rest of a user's time: the think time, and what Locust itself needs.
  const derived = users / requestsPerSecond - response
  const pause = think ?? Math.max(0, derived)
  const predicted = users / (pause + response)
  if (think !== undefined && Math.abs(requestsPerSecond / predicted - 1) > TOLERANCE)
    return inconclusive(
      statement,
      `measured ${rate(requestsPerSecond)}, but ${users} users with ${think} s think time and ${mean.toFixed(0)} ms ` +
        `response time request ${predicted.toFixed(1)}: the think time differs, or Locust was the limit`,
    )
  const ratio = pause / (pause + response)
  const most = pause > 0 ? users / pause : undefined
  const atMost = most === undefined ? '' : `, at most ${most.toFixed(1)} at a response time of 0`
  return {
    ...(most === undefined ? {} : { most }),
    id: `import.users.${suffix}`,
    statement,
    holds: ratio >= NEAR_MOST,
    detail:
      `${rate(requestsPerSecond)}${atMost}; users waited ${percent(1 - ratio)} of their time for responses ` +
      `(${mean.toFixed(0)} ms), ${think === undefined ? 'derived ' : ''}think time ${pause.toFixed(2)} s`,
  }
}
