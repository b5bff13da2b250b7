import { RUSSIAN_METRICS } from './ru/metrics.ts'
import { RUSSIAN_APP } from './ru/app.ts'
import { RUSSIAN_BALANCER } from './ru/balancer.ts'
import { RUSSIAN_SWARM } from './ru/swarm.ts'
import { RUSSIAN_REGISTRY } from './ru/registry.ts'
import { RUSSIAN_STACK } from './ru/stack.ts'
import { RUSSIAN_K3S } from './ru/k3s.ts'
import { RUSSIAN_REDIS } from './ru/redis.ts'
import { RUSSIAN_LOAD } from './ru/load.ts'

/** The Russian text of each English template. */
export const RUSSIAN = {
  ...RUSSIAN_APP,
  ...RUSSIAN_BALANCER,
  ...RUSSIAN_SWARM,
  ...RUSSIAN_REGISTRY,
  ...RUSSIAN_STACK,
  ...RUSSIAN_K3S,
  ...RUSSIAN_REDIS,
  ...RUSSIAN_LOAD,
  ...RUSSIAN_METRICS,
} as const
