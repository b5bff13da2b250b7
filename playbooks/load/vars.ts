import { defineVars, varTypes } from 'labbook'

/** All routes of the Counter app, more reads than writes. The increments stay in the counter. */
const MIX = { 'GET /api/counter': 6, 'GET /': 2, 'POST /api/counter/increment': 2 }

const LONGER = ', times √`slowdown`'

export const loadVars = defineVars('load', {
  load_trials: {
    schema: varTypes.integer(1, 50),
    default: 3,
    description: 'trials of each number of replicas before they are compared for the first time',
  },
  load_most_trials: {
    schema: varTypes.integer(1, 50),
    default: 9,
    description: 'trials of each number of replicas after which a comparison ends without a decision',
  },
  load_trial_seconds: {
    schema: varTypes.number(1, 300),
    shownDefault: `2${LONGER}`,
    description: 'seconds of a trial, after its warmup',
  },
  load_warmup_seconds: {
    schema: varTypes.number(0, 60),
    shownDefault: `1${LONGER}`,
    description: 'seconds before each trial',
  },
  load_connections: {
    schema: varTypes.integer(1, 1000),
    default: 32,
    description: 'connections of a capacity trial',
  },
  load_budget: {
    schema: varTypes.boolean(),
    default: true,
    description:
      'lower the CPU limit of the replicas during the test, where they share a machine with the load generator',
  },
  load_reconnect_every: {
    schema: varTypes.integer(1, 100_000),
    default: 50,
    description: 'requests per connection, so that connections are balanced again',
  },
  load_mix: {
    schema: varTypes.accepts('a mapping of requests to weights from 1 to 100, such as {"GET /": 5}', mixIn),
    default: MIX,
    description: 'requests of all load tests: method and path, and how often each is sent beside the others',
  },
  load_users: {
    schema: varTypes.integers(1, 5000, 'a list of integers such as 100,500'),
    default: [100, 500],
    description: 'numbers of users with think time',
  },
  load_users_replicas: {
    schema: varTypes.integers(1, 100, 'a list of integers such as 1,4'),
    default: [1, 4],
    description: 'numbers of replicas that serve the users with think time',
  },
  load_users_seconds: {
    schema: varTypes.number(2, 600),
    shownDefault: `12${LONGER}`,
    description: 'duration of the test with think time',
  },
  load_replicas: {
    schema: varTypes.integers(1, 100, 'a list of integers such as 1,2,4,8'),
    default: [1, 2, 3, 4],
    description: 'numbers of replicas for the scaling curve',
  },
  load_step_seconds: {
    schema: varTypes.number(1, 120),
    shownDefault: `2${LONGER}`,
    description: 'seconds of a load step',
  },
  load_most_connections: {
    schema: varTypes.integer(1, 1000),
    default: 128,
    description: 'connections of the last load step',
  },
  load_p95_ms: {
    schema: varTypes.number(1, 60_000),
    shownDefault: '1000, times `slowdown`',
    description: 'p95 latency in milliseconds beyond which throughput does not count',
  },
  load_goal_ms: {
    schema: varTypes.number(1, 60_000),
    shownDefault: '500, times `slowdown`',
    description: 'p99 latency in milliseconds that the highest rate of `load-goal` has to meet',
  },
  load_failed: {
    schema: varTypes.number(0, 1),
    default: 0.01,
    description: 'fraction of failed requests beyond which throughput does not count',
  },
  load_within: {
    schema: varTypes.number(0.01, 1),
    default: 0.1,
    description: 'ratios this close to 1 are no difference',
  },
  load_most_slowdown: {
    schema: varTypes.integer(1, 60),
    default: 5,
    description: 'hosts with a higher timeout multiplier are not loaded',
  },
})

/** The value itself, or its JSON from the command line. */
function mixIn(value: unknown): Readonly<Record<string, number>> | undefined {
  const mix = typeof value === 'string' ? jsonIn(value) : value
  if (typeof mix !== 'object' || mix === null || Array.isArray(mix)) return undefined
  const entries = Object.entries(mix)
  const isValid = entries.every(
    ([request, weight]) =>
      /^(GET|POST) \/[!-~]*$/.test(request) && Number.isInteger(weight) && Number(weight) >= 1 && Number(weight) <= 100,
  )
  return isValid && entries.length >= 1 && entries.length <= 20 ? (mix as Record<string, number>) : undefined
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
