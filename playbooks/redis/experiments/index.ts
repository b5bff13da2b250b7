import { cluster } from './cluster.ts'
import { comparison } from './comparison.ts'
import { cutOff } from './network-partition.ts'
import { lag } from './lag.ts'
import { failover, redisKilled, masterLoss } from './master-failure.ts'
import { naive } from './naive.ts'
import { ComparisonTable } from './comparison-table.ts'
import { persistence } from './persistence.ts'
import { readOnly } from './read-only.ts'
import { writeScaling } from './write-scaling.ts'
import type { Experiment } from 'labbook'

const table = new ComparisonTable()

/**
 * The Redis experiments by their `experiments.mjs` names, in execution order: the comparison uses the measurements of
 * those before it.
 */
export const REDIS_EXPERIMENTS = {
  'redis-naive': naive,
  'redis-read-only': readOnly,
  'redis-lag': lag,
  'redis-persistence': persistence,
  'redis-killed': redisKilled(table),
  'redis-master-loss': masterLoss(table),
  'redis-failover': failover(table),
  'redis-cut-off': cutOff(table),
  'redis-cluster': cluster(table),
  'redis-write-scaling': writeScaling(table),
  'redis-comparison': comparison(table),
} as const satisfies Record<string, Experiment>

/** For other playbooks: runs only when selected by tag, as the experiments take more than an hour. */
export const REDIS_BY_TAG: readonly Experiment[] = Object.values(REDIS_EXPERIMENTS).map(
  (each): Experiment => ({ ...each, tags: ['never', ...(each.tags as readonly string[])] }),
)
