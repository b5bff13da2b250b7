import type { GeneratorUse } from './meter.ts'
import type { Plan } from './plan.ts'

/** Those that Locust's tables have; 100 is the maximum. */
export const PERCENTILES = [50, 66, 75, 80, 90, 95, 98, 99, 99.9, 99.99, 100] as const

/** Milliseconds; all 0 where there was no answer. */
export interface Latency {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** By {@link PERCENTILES}, as a string. */
  readonly percentiles: Readonly<Record<string, number>>
}

/** What came of requests of one kind, or of all. */
export interface Figures {
  /** Empty for all together. */
  readonly method: string
  readonly name: string
  /** All that were to be sent in the time that counts. */
  readonly requests: number
  /** Of these: no answer, or one with a status of 400 or more. */
  readonly failures: number
  readonly latency: Latency
  /** Bytes of an answer's body, on average. */
  readonly meanBytes: number
}

/** Why a load ended; anything but `in time` leaves less to go by than was asked for. */
export type Ended = 'in time' | 'aborted' | 'requests used up' | 'too many failures'

/** What a load came to. */
export interface LoadResult {
  readonly plan: Plan
  /** When counting began: ISO 8601, UTC. */
  readonly start: string
  /** Seconds that were counted; less than planned where the load ended early. */
  readonly seconds: number
  readonly ended: Ended
  readonly total: Figures
  readonly kinds: readonly Figures[]
  /** Good answers a second. */
  readonly throughput: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests without an answer, by why. */
  readonly errors: Readonly<Record<string, number>>
  /** Good answers by who gave them; empty where answers do not tell. */
  readonly replicas: Readonly<Record<string, number>>
  readonly nodes: Readonly<Record<string, number>>
  /** By second since counting began. */
  readonly perSecond: readonly { readonly at: number; readonly ok: number; readonly failed: number }[]
  readonly generator: GeneratorUse
  /** Milliseconds from the moment a request was due to the moment it was sent, 99 of 100 of them; open loads only. */
  readonly lateP99?: number
  /** Of users only: what they can ask for at most, and what came of it. */
  readonly users?: UsersSay
}

/** What the users themselves allow, by Little's law, and whether it is they who set the throughput. */
export interface UsersSay {
  readonly users: number
  /** Seconds. */
  readonly meanThink: number
  /** Seconds, as measured. */
  readonly meanLatency: number
  /** Requests a second of users who never wait for an answer: users / think. */
  readonly most: number
  /** users / (think + latency). */
  readonly predicted: number
  /** Answers a second, good and bad. */
  readonly measured: number
  /** null: cannot tell. */
  readonly setByUsers: boolean | null
  readonly why: string
}
