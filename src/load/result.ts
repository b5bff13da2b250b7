import type { Message } from '../events/message.ts'
import type { GeneratorUsage } from './meter.ts'
import type { SecondSnapshot } from './per-second.ts'
import type { Plan } from './plan.ts'

/** Those of Locust's tables; 100 is the maximum. */
export const PERCENTILES = [50, 66, 75, 80, 90, 95, 98, 99, 99.9, 99.99, 100] as const

/** Milliseconds; all 0 without a response. */
export interface Latency {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** Keyed by {@link PERCENTILES}. */
  readonly percentiles: Readonly<Record<string, number>>
}

/** Statistics of one kind of requests, or of all. */
export interface Figures {
  /** Empty for the aggregate. */
  readonly method: string
  readonly name: string
  /** Requests that were due in the measurement window. */
  readonly requests: number
  /** Of these: no response, or a status of 400 or more. */
  readonly failures: number
  readonly latency: Latency
  /** Average bytes of a response body. */
  readonly meanBytes: number
}

/** Requests of one kind that failed alike. */
export interface Failure {
  readonly method: string
  readonly name: string
  /** The error, or the status: `HTTP 503 Service Unavailable`. */
  readonly error: string
  /** Absent without a response. */
  readonly status?: number
  readonly occurrences: number
  /** Seconds since the start of the measurement. */
  readonly first: number
  readonly last: number
}

/** Why a load ended; anything but `in time` means a partial result. */
export type EndReason = 'in time' | 'aborted' | 'requests used up' | 'too many failures'

/** The result of a load. */
export interface LoadResult {
  readonly plan: Plan
  /** Start of the measurement: ISO 8601, UTC. */
  readonly start: string
  /** Measured seconds; fewer than planned if the load ended early. */
  readonly seconds: number
  readonly ended: EndReason
  readonly total: Figures
  readonly kinds: readonly Figures[]
  /** Successful responses per second. */
  readonly throughput: number
  /** Responses by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests without a response, by error. */
  readonly errors: Readonly<Record<string, number>>
  /** By kind of request, and by error or status. */
  readonly failures: readonly Failure[]
  /** Successful responses by replica; empty if responses do not name it. */
  readonly replicas: Readonly<Record<string, number>>
  readonly nodes: Readonly<Record<string, number>>
  /** By second since the start of the measurement. */
  readonly perSecond: readonly ({ readonly at: number } & SecondSnapshot)[]
  readonly generator: GeneratorUsage
  /** Lag between the due time and the sending of a request, p99 in milliseconds; open loads only. */
  readonly lateP99?: number
  /** Analysis of a load with users. */
  readonly users?: UsersAnalysis
}

/** Throughput that users allow by Little's law, and whether they are the bottleneck. */
export interface UsersAnalysis {
  readonly users: number
  /** Seconds. */
  readonly meanThink: number
  /** Measured, in seconds. */
  readonly meanLatency: number
  /** Requests per second at zero latency: users / think. */
  readonly most: number
  /** users / (think + latency). */
  readonly predicted: number
  /** Requests per second, including failures. */
  readonly measured: number
  /** null: inconclusive. */
  readonly setByUsers: boolean | null
  readonly why: Message
}
