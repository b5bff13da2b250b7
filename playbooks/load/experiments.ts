import { capacity } from './experiments/capacity.ts'
import { goal } from './experiments/goal.ts'
import { scaling } from './experiments/scaling.ts'
import { users } from './experiments/users.ts'

/** The load tests by name in `experiments.mjs`, in execution order. */
export const LOAD_EXPERIMENTS = {
  'load-users': users,
  'load-capacity': capacity,
  'load-scaling': scaling,
  'load-goal': goal,
} as const
