import type { Test } from 'tap'

/** A step of a story. @param needs - names of earlier steps without which this one cannot run. */
export type Step = (
  name: string,
  body: (t: Test) => void | Promise<void>,
  needs?: readonly string[],
) => ReturnType<Test['test']>

/**
 * Tests on one system that change it one after the other: each step is a separate test. Steps that do not need a
 * failed one run; those that do fail with "not run", and name the step that failed first. None is skipped in silence.
 *
 * @returns the function that defines a step. @throws {RangeError} if a step is defined twice, or needs an unknown one.
 */
export function story(t: Test): Step {
  /** By step: the name of the step that failed first; undefined if none failed. */
  const causes = new Map<string, string | undefined>()
  return (name, body, needs = []) => {
    if (causes.has(name)) throw new RangeError(`step "${name}" is defined twice`)
    for (const need of needs)
      if (!causes.has(need)) throw new RangeError(`step "${name}" needs "${need}", which is no earlier step`)
    causes.set(name, undefined)
    return t.test(name, async (t) => {
      const cause = needs.map((need) => causes.get(need)).find((each) => each !== undefined)
      if (cause !== undefined) {
        causes.set(name, cause)
        t.fail(`not run: step "${cause}" failed`)
        return
      }
      try {
        await body(t)
      } catch (error) {
        causes.set(name, name)
        throw error
      }
      if (!t.passing()) causes.set(name, name)
    })
  }
}
