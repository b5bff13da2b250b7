import fc from 'fast-check'
import type { TaskSpec } from './harness.ts'

/** Lists of tasks. Tasks often fail, which ends a run early, so most lists ignore errors. */
export const listsOf = (task: fc.Arbitrary<TaskSpec>, most: number): fc.Arbitrary<TaskSpec[]> =>
  fc
    .tuple(fc.array(task, { minLength: 1, maxLength: most, size: 'max' }), fc.integer({ min: 0, max: 2 }))
    .map(([tasks, ignoring]) => (ignoring === 0 ? tasks : tasks.map((each) => ({ ...each, ignore_errors: true }))))

/** A parameter that is set in one of this many cases. */
export const maybe = <T>(arbitrary: fc.Arbitrary<T>, times = 2): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: times - 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary },
  )

/** Parameters without undefined ones, which JSON would drop. */
export const defined = (params: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined))
