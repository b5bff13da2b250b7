import fc from 'fast-check'
import type { TaskSpec } from './harness.ts'

/** Lists of tasks. Something in them often fails, which ends a run early: so in most lists the failed are ignored. */
export const listsOf = (task: fc.Arbitrary<TaskSpec>, most: number): fc.Arbitrary<TaskSpec[]> =>
  fc.tuple(fc.array(task, { minLength: 1, maxLength: most, size: 'max' }), fc.integer({ min: 0, max: 2 }))
    .map(([tasks, ignoring]) => (ignoring === 0 ? tasks : tasks.map((each) => ({ ...each, ignore_errors: true }))))
