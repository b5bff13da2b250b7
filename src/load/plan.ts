import { z } from 'zod'

/** What no plan goes beyond, whoever wrote it: a load test is bounded in time, requests and connections. */
export const CEILINGS = {
  /** Of one load, warm-up included. */
  seconds: 900,
  connections: 2000,
  users: 5000,
  /** Requests a second of an open load. */
  rate: 20_000,
  /** Requests in all; the load ends when they are used up, and says so. */
  requests: 5_000_000,
  /**
   * Connections that could not be made or broke. A closed load tries again at once, so that it would do nothing else.
   */
  failures: 2000,
} as const

const target = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'a name or an address'),
  port: z.int().min(1).max(65535),
  /** The address of this machine to send from. */
  from: z.string().optional(),
})

const kind = z.strictObject({
  method: z.enum(['GET', 'POST']).default('GET'),
  path: z.string().regex(/^\/[!-~]*$/, 'a path such as /api/counter'),
  /** How often, against the others. */
  weight: z.int().min(1).max(100).default(1),
})

const common = {
  /** Taken in turn: by connections, by users, by requests of an open load. */
  targets: z.array(target).min(1).max(64),
  kinds: z.array(kind).min(1).max(20),
  /** Seconds that are not counted. */
  warmup: z.number().min(0).default(0),
  /** Seconds that are counted. */
  seconds: z.number().positive(),
  /** Seconds a request may take. */
  timeLimit: z.number().min(1).max(60).default(10),
  /** Each connection is made anew after so many requests, so that a balancer of connections deals them out again. */
  reconnectEvery: z.int().min(1).optional(),
  /** What is drawn by lot is the same for the same seed. */
  seed: z.int().default(1),
}

const schema = z.discriminatedUnion('way', [
  z.strictObject({ way: z.literal('closed'), ...common, connections: z.int().min(1).max(CEILINGS.connections) }),
  z.strictObject({
    way: z.literal('open'),
    ...common,
    /** Requests a second. */
    rate: z.number().positive().max(CEILINGS.rate),
    /** Requests under way at a time; what finds no room waits, and its waiting counts as latency. */
    inFlight: z.int().min(1).max(CEILINGS.connections).default(256),
  }),
  z.strictObject({
    way: z.literal('users'),
    ...common,
    users: z.int().min(1).max(CEILINGS.users),
    /** Seconds between an answer and the next request: uniform between the two. */
    think: z.tuple([z.number().min(0), z.number().positive()]).default([0.5, 2]),
  }),
])

/** A load as it is asked for: what may be left out is left out. */
export type PlanInput = z.input<typeof schema>
/** A load to put on some servers. */
export type Plan = z.infer<typeof schema>
export type ClosedPlan = Extract<Plan, { way: 'closed' }>
export type OpenPlan = Extract<Plan, { way: 'open' }>
export type UsersPlan = Extract<Plan, { way: 'users' }>
export type Target = z.infer<typeof target>
export type Kind = z.infer<typeof kind>

/** A plan that cannot be: the message says what is wrong with it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Reads a plan and fills in what was left out.
 *
 * @throws {Refusal} where it is no plan, or goes beyond {@link CEILINGS}.
 */
export function readPlan(given: unknown): Plan {
  const { success, data, error } = schema.safeParse(given)
  if (!success) {
    throw new Refusal(
      `this load cannot be: ${error.issues.map(({ path, message }) => `${path.join('.') || 'plan'}: ${message}`).join('; ')}`,
    )
  }
  const seconds = data.warmup + data.seconds
  if (seconds > CEILINGS.seconds)
    throw new Refusal(`this load cannot be: ${seconds} s of load, and ${CEILINGS.seconds} s are the most`)
  if (data.way === 'users' && data.think[0] > data.think[1])
    throw new Refusal('this load cannot be: think: the first number is the smaller one')
  return data
}
