import { defineVars, varTypes } from 'labbook'

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
  load_users_seconds: {
    schema: varTypes.number(2, 600),
    shownDefault: `12${LONGER}`,
    description: 'duration of the test with think time',
  },
  load_replicas: {
    schema: varTypes.integers(1, 100, 'a list of integers such as 1,2,4,8'),
    default: [1, 2, 4, 8],
    description: 'numbers of replicas for the scaling curve',
  },
  load_step_seconds: {
    schema: varTypes.number(1, 120),
    shownDefault: `1.5${LONGER}`,
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
