import type { FaultText } from 'labbook/lab'
import type { LoadText } from 'labbook/load'
import { RUSSIAN_METRICS } from './ru/metrics.ts'
import { RUSSIAN_APP } from './ru/app.ts'
import { RUSSIAN_BALANCER } from './ru/balancer.ts'
import { RUSSIAN_SWARM } from './ru/swarm.ts'
import { RUSSIAN_REGISTRY } from './ru/registry.ts'
import { RUSSIAN_STACK } from './ru/stack.ts'
import { RUSSIAN_K3S } from './ru/k3s.ts'
import { RUSSIAN_REDIS } from './ru/redis.ts'
import { RUSSIAN_LOAD } from './ru/load.ts'
import { RUSSIAN_LOAD_REASONS } from './ru/load-reasons.ts'
import { RUSSIAN_LOAD_RESULTS } from './ru/load-results.ts'
import { RUSSIAN_MEASUREMENTS } from './ru/measurements.ts'
import { RUSSIAN_AUDIT } from './ru/audit.ts'
import { RUSSIAN_PROVE_MODEL } from './ru/prove-model.ts'
import { RUSSIAN_COMPARISON } from './ru/comparison.ts'
import { RUSSIAN_ERRORS } from './ru/errors.ts'
import { RUSSIAN_EXHIBITS } from './ru/exhibits.ts'
import { RUSSIAN_K3S_EXHIBITS } from './ru/exhibits-k3s.ts'
import { RUSSIAN_SWARM_EXHIBITS } from './ru/exhibits-swarm.ts'
import { RUSSIAN_PROVE } from './ru/prove.ts'
import { RUSSIAN_PROVE_KUBERNETES } from './ru/prove-kubernetes.ts'

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
  ...RUSSIAN_LOAD_REASONS,
  ...RUSSIAN_LOAD_RESULTS,
  ...RUSSIAN_METRICS,
  ...RUSSIAN_PROVE,
  ...RUSSIAN_MEASUREMENTS,
  ...RUSSIAN_AUDIT,
  ...RUSSIAN_PROVE_MODEL,
  ...RUSSIAN_COMPARISON,
  ...RUSSIAN_PROVE_KUBERNETES,
  ...RUSSIAN_ERRORS,
  ...RUSSIAN_EXHIBITS,
  ...RUSSIAN_SWARM_EXHIBITS,
  ...RUSSIAN_K3S_EXHIBITS,
} as const satisfies Readonly<Record<FaultText | LoadText, string>>
