import { cluster } from './cluster.ts'
import { comparison } from './comparison.ts'
import { cutOff } from './cut-off.ts'
import { lag } from './lag.ts'
import { failover, killed, masterLoss } from './master-lost.ts'
import { naive } from './naive.ts'
import { Notebook } from './notebook.ts'
import { persistence } from './persistence.ts'
import { readOnly } from './read-only.ts'
import { writeScaling } from './write-scaling.ts'
import type { Experiment } from '../../../../src/labbook.ts'

const notebook = new Notebook()

/**
 * The experiments on Redis by the names that `experiments.mjs` takes, in the order they are done in: the comparison has
 * what those before it measured.
 */
export const REDIS_EXPERIMENTS = {
  'redis-naive': naive,
  'redis-read-only': readOnly,
  'redis-lag': lag,
  'redis-persistence': persistence,
  'redis-killed': killed(notebook),
  'redis-master-loss': masterLoss(notebook),
  'redis-failover': failover(notebook),
  'redis-cut-off': cutOff(notebook),
  'redis-cluster': cluster(notebook),
  'redis-write-scaling': writeScaling(notebook),
  'redis-comparison': comparison(notebook),
} as const satisfies Record<string, Experiment>

/** For playbooks that do much else: done only when asked for by a tag, as they take more than an hour. */
export const REDIS_BY_TAG: readonly Experiment[] = Object.values(REDIS_EXPERIMENTS).map(
  (each): Experiment => ({ ...each, tags: ['never', ...(each.tags as readonly string[])] }),
)
