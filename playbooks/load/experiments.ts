import { loadCapacity } from './experiments/capacity.ts'
import { loadGoal } from './experiments/goal.ts'
import { loadScaling } from './experiments/scaling.ts'
import { loadUsers } from './experiments/users.ts'

/** The load tests by name in `experiments.mjs`, in execution order. */
export const LOAD_EXPERIMENTS = {
  'load-users': loadUsers,
  'load-capacity': loadCapacity,
  'load-scaling': loadScaling,
  'load-goal': loadGoal,
} as const
