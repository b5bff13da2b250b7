import { defineVars, secret, Secret, varTypes } from 'labbook'

export const TOPOLOGIES = ['single', 'replicas', 'sentinel', 'cluster'] as const
export type Topology = (typeof TOPOLOGIES)[number]

const PASSWORD = '8 to 200 printable ASCII characters without spaces'

export const redisVars = defineVars('redis', {
  redis_topology: {
    schema: varTypes.oneOf(TOPOLOGIES),
    default: 'single',
    description: "servers of the Counter app's Redis",
  },
  redis_wait_replicas: {
    schema: varTypes.integer(0, 2),
    shownDefault: '1 with `sentinel` and `cluster`, else 0',
    description: 'replicas that must confirm a change before the app acknowledges it',
  },
  redis_wait_ms: {
    // Less than the app's timeout of one second.
    schema: varTypes.integer(1, 999),
    default: 500,
    description: 'milliseconds that the app waits for that',
  },
  redis_appendfsync: {
    schema: varTypes.oneOf(['everysec', 'always']),
    default: 'everysec',
    description: '`always`: on disk before it is acknowledged',
  },
  redis_min_replicas_to_write: {
    schema: varTypes.integer(0, 2),
    shownDefault: '1 with `sentinel` and `cluster`, else 0',
    description: 'a master with fewer replicas in sync refuses changes',
  },
  redis_password: {
    schema: varTypes.accepts(PASSWORD, (value) => {
      const text = value instanceof Secret ? value.reveal() : value
      return typeof text === 'string' && /^[\x21-\x7e]{8,200}$/.test(text) ? secret(text) : undefined
    }),
    shownDefault: 'generated once',
    description: 'password of Redis, kept on the controller',
    secret: true,
  },
  redis_repeats: {
    schema: varTypes.integer(1, 100),
    default: 5,
    description: 'repetitions within each experiment on lost writes',
  },
})
