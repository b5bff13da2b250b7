/*
 * Properties of modules on a real system. A test with it:
 *
 *   const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })   // a separate lab; ends with the test
 *   await property(t, 'files', { runs: 40 }, arbitraryCase, (given) => checkThenRun(node, given))
 *
 * A test file and the modules it covers are listed in coverage.ts.
 *
 * A case is data: `start`, a script that brings the node into a state regardless of its previous one; `tasks`; `look`,
 * a script that prints everything that the tasks could change. Scripts run on the node without Labbook (`node.sh`).
 *
 * `checkThenRun` asserts, with the real runner and real SSH:
 *   1. check mode changes nothing, and predicts what the run does: statuses, descriptions, diffs; an unknown task names
 *      an earlier task that changed something;
 *   2. a run in which every task was ok changed nothing on the node;
 *   3. the desired state is reached, by each task's `claim`: of the last task always, of all if the list is `settled`;
 *   4. settled lists: a second run changes nothing, and check mode predicts nothing. Lists that contradict
 *      themselves (a file created and removed again) are instead checked and run once more from the resulting state.
 *
 * `killThenRun`: the list runs to its end from `start`; then again from `start`, but the runner (or the node's sshd) is
 * killed at some moment, and a new run goes to the end: the node must look the same. For settled lists only; lists that
 * fail undisturbed are skipped.
 *
 * Environment: PROPERTY_RUNS multiplies the number of cases (default 1), PROPERTY_SEED repeats a failure (the report
 * names it), together with PROPERTY_PATH only that case, PROPERTY_KEEP_LAB keeps the lab for the next test.
 */
import fc from 'fast-check'
import type { Test } from 'tap'
import { compare, PropertyError, describeResult } from './compare.ts'
import { killedRun, type Kill } from './kill.ts'
import { runTasks, type PropertyNode, type RunResult } from './node.ts'
import { titleOf, type TaskSpec } from './task-spec.ts'

export { putFile, runTasks, startNode, type PropertyNode } from './node.ts'
export { secretValue, registered, type TaskSpec } from './task-spec.ts'

export interface Case {
  readonly start: string
  readonly tasks: readonly TaskSpec[]
  readonly look: string
  /** Like `look`, but also prints times and the like: for runs that must change nothing. */
  readonly lookClosely?: string
  /** No task undoes another: all desired states hold at the end. */
  readonly settled: boolean
}

/** See the head of this file. @throws {PropertyError} */
export async function checkThenRun(node: PropertyNode, testCase: Case): Promise<void> {
  const { start, tasks, settled, look, lookClosely = look } = testCase
  node.sh(start)
  const first = await checkedRun(node, tasks, lookClosely)
  verifyClaims(node, testCase, first)
  const second = await checkedRun(node, tasks, lookClosely)
  // A task that failed may succeed the second time, if a later task met its precondition.
  if (!settled || first.results.some(({ status }) => status === 'failed')) return
  second.results.forEach((result, index) => {
    const { always = false, mayFail = false } = tasks[index] as TaskSpec
    if (result.status === (always ? 'changed' : 'ok') || (mayFail && result.status === 'failed')) return
    throw new PropertyError(`${titleOf(tasks[index] as TaskSpec, index)}: second run: ${describeResult(result)}`)
  })
}

/**
 * Counts of predicted statuses and kills of the current property: a check mode that only reports unknown is of no use,
 * and a kill after the end of each run tests nothing.
 */
const tally = new Map<string, number>()

/** A check run and a run, compared to each other. */
async function checkedRun(node: PropertyNode, tasks: readonly TaskSpec[], look: string): Promise<RunResult> {
  const before = node.sh(look)
  const predicted = await runTasks(node, tasks, true)
  mustEqual('check mode changed the host', before, node.sh(look))
  const done = await runTasks(node, tasks, false)
  compare(tasks, predicted.results, done.results)
  for (const { status } of predicted.results) tally.set(status, (tally.get(status) ?? 0) + 1)
  if (done.results.every(({ status, changes }) => status === 'ok' && changes.length === 0)) {
    mustEqual('every task was ok, but the run changed the host', before, node.sh(look))
  }
  return done
}

function verifyClaims(node: PropertyNode, { tasks, settled }: Case, { results }: RunResult): void {
  tasks.forEach(({ claim, ...task }, index) => {
    const { status } = results[index] ?? {}
    if (claim === undefined || (status !== 'ok' && status !== 'changed')) return
    if (!settled && index !== tasks.length - 1) return
    const { exitCode, stdout, stderr } = node.try(claim)
    if (exitCode === 0) return
    throw new PropertyError(`${titleOf(task, index)}: ${status}, but its claim is false: ${claim}\n${stdout}${stderr}`)
  })
}

/** See the head of this file. @throws {PropertyError} */
export async function killThenRun(node: PropertyNode, testCase: Omit<Case, 'settled'>, blow: Kill): Promise<void> {
  const { start, tasks, look } = testCase
  node.sh(start)
  const undisturbed = await runTasks(node, tasks, false)
  // A list that fails undisturbed has no final state to compare with: skip the case.
  fc.pre(undisturbed.exitCode === 0)
  const expected = node.sh(look)
  node.sh(start)
  const { struck, how } = await killedRun(node, tasks, blow)
  const count = struck ? 'killed' : 'over before the kill'
  tally.set(count, (tally.get(count) ?? 0) + 1)
  const second = await runTasks(node, tasks, false)
  if (second.exitCode !== 0)
    throw new PropertyError(`${how}; the run after it failed: ${describeResult(second.results.at(-1))}`)
  mustEqual(`${how}; the run after it led to another state`, expected, node.sh(look))
}

function mustEqual(what: string, before: string, after: string): void {
  if (before === after) return
  const old = new Set(before.split('\n'))
  const now = new Set(after.split('\n'))
  const lines = [
    ...[...old].filter((line) => !now.has(line)).map((line) => `  - ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `  + ${line}`),
  ]
  throw new PropertyError(`${what}:\n${lines.slice(0, 40).join('\n')}`)
}

/** Time limit of the search for a smaller case. */
const SHRINK_MS = 40_000

/**
 * Tests a property with random cases; a failure is reported with its seed and the smallest case found in time. The seed
 * is fixed, so that a failing test indicates a change; `PROPERTY_SEED=random` tests new cases, and `PROPERTY_RUNS=10`
 * ten times as many.
 */
export async function property<T>(
  t: Test,
  name: string,
  { runs }: { readonly runs: number },
  cases: fc.Arbitrary<T>,
  holds: (given: T) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    const { PROPERTY_RUNS = '1', PROPERTY_SEED = '1', PROPERTY_PATH } = process.env
    let until = Infinity
    tally.clear()
    const report = await fc.check(
      fc.asyncProperty(cases, async (given) => {
        if (Date.now() > until) return
        try {
          await holds(given)
        } catch (error) {
          if (!fc.PreconditionFailure.isFailure(error) && until === Infinity) until = Date.now() + SHRINK_MS
          throw error
        }
      }),
      {
        numRuns: Math.ceil(runs * Number(PROPERTY_RUNS)),
        ...(PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }),
        ...(PROPERTY_PATH === undefined ? {} : { path: PROPERTY_PATH }),
      },
    )
    t.comment(`seed ${report.seed}; statuses: ${[...tally].map(([status, count]) => `${count} ${status}`).join(', ')}`)
    if (!report.failed) {
      t.pass(`${report.numRuns} cases`)
      const all = [...tally.values()].reduce((sum, count) => sum + count, 0)
      t.ok((tally.get('unknown') ?? 0) <= all / 2, 'check mode predicted most tasks')
      return
    }
    const error = report.errorInstance
    t.fail(
      `seed ${report.seed}, path ${report.counterexamplePath}: ${error instanceof PropertyError ? error.message : String((error as Error | null)?.stack)}`,
    )
    t.comment(`smallest case found:\n${JSON.stringify(report.counterexample, null, 1)}`)
  })
}
