import * as z from 'zod'

/** Hard limits of every load: time, requests and connections. */
export const CEILINGS = {
  /** Duration, including the warm-up. */
  seconds: 900,
  connections: 2000,
  users: 5000,
  /** Requests per second of an open load. */
  rate: 20_000,
  /** Total requests; the load ends when they are used up. */
  requests: 5_000_000,
  /** Failed or lost connections. A closed load retries at once, so it would do nothing else. */
  failures: 2000,
} as const

const target = z.strictObject({
  host: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an address'),
  port: z.int().min(1).max(65535),
  /** Local address to send from. */
  from: z.string().optional(),
})

const kind = z.strictObject({
  method: z.enum(['GET', 'POST']).default('GET'),
  path: z.string().regex(/^\/[!-~]*$/, 'must be a path such as /api/items'),
  /** Relative frequency. */
  weight: z.int().min(1).max(100).default(1),
})

const common = {
  /** Used round-robin: by connections, by users, by requests of an open load. */
  targets: z.array(target).min(1).max(64),
  kinds: z.array(kind).min(1).max(20),
  /** Duration of the warm-up, in seconds. Not measured. */
  warmup: z.number().min(0).default(0),
  /** Duration of the measurement, in seconds. */
  seconds: z.number().positive(),
  /** Timeout of a request, in seconds. */
  timeLimit: z.number().min(1).max(60).default(10),
  /** Reconnect after this many requests, so that a layer 4 load balancer redistributes connections. */
  reconnectEvery: z.int().min(1).optional(),
  /** Seed of the random numbers. */
  seed: z.int().default(1),
}

const schema = z.discriminatedUnion('way', [
  z.strictObject({ way: z.literal('closed'), ...common, connections: z.int().min(1).max(CEILINGS.connections) }),
  z.strictObject({
    way: z.literal('open'),
    ...common,
    /** Requests per second. */
    rate: z.number().positive().max(CEILINGS.rate),
    /** Maximum concurrent requests; others queue, and queueing counts as latency. */
    inFlight: z.int().min(1).max(CEILINGS.connections).default(256),
  }),
  z.strictObject({
    way: z.literal('users'),
    ...common,
    users: z.int().min(1).max(CEILINGS.users),
    /** Think time between a response and the next request: minimum and maximum seconds, uniform. */
    think: z.tuple([z.number().min(0), z.number().positive()]).default([0.5, 2]),
  }),
])

/** A plan before defaults are applied. */
export type PlanInput = z.input<typeof schema>
/** A load test. */
export type Plan = z.infer<typeof schema>
export type ClosedPlan = Extract<Plan, { way: 'closed' }>
export type OpenPlan = Extract<Plan, { way: 'open' }>
export type UsersPlan = Extract<Plan, { way: 'users' }>
export type Target = z.infer<typeof target>
export type Kind = z.infer<typeof kind>

/** An invalid plan. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Parses a plan and applies defaults.
 *
 * @throws {Refusal} if the plan is invalid or exceeds {@link CEILINGS}.
 */
export function readPlan(input: unknown): Plan {
  const { success, data, error } = schema.safeParse(input)
  if (!success) {
    throw new Refusal(
      `invalid load: ${error.issues.map(({ path, message }) => `${path.join('.') || 'plan'}: ${message}`).join('; ')}`,
    )
  }
  const seconds = data.warmup + data.seconds
  if (seconds > CEILINGS.seconds) throw new Refusal(`invalid load: ${seconds} s; the maximum is ${CEILINGS.seconds} s`)
  if (data.way === 'users' && data.think[0] > data.think[1])
    throw new Refusal('invalid load: think: the first number must not exceed the second')
  return data
}
