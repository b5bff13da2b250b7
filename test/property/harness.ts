/*
 * Properties of modules on a real system. How to write a test with it:
 *
 *   const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })   // a lab of its own; ends with the test
 *   await property(t, 'files', { runs: 40 }, arbitraryCase, (given) => checkThenRun(node, given))
 *
 * A test file and the modules it covers are listed in coverage.ts.
 *
 * A case is data: `start`, a script that brings the node into a state whatever was there before; `tasks`; `look`, a
 * script that prints all that the tasks could touch. Scripts run inside the node past Labbook (`node.sh`).
 *
 * `checkThenRun` demands, over the real runner and real SSH:
 *   1. check mode changes nothing, and what it predicts is what the run then does: statuses, descriptions, diffs;
 *      what it calls unknown names an earlier task that did something;
 *   2. a run in which every task was ok has changed nothing on the node;
 *   3. what was asked is so, by each task's `claim`: of the last task always, of all where the list is `settled`;
 *   4. settled lists: a second run changes nothing, and check mode then predicts nothing. Lists that contradict
 *      themselves (a file made and removed again) are checked and run once more in place of it, from the state they
 *      led to.
 *
 * `killThenRun`: the list is run to its end from `start`; then again from `start`, and the runner (or the node's sshd)
 * is killed at some moment, and a new run goes to the end: the node must look the same. For settled lists only; one
 * that fails undisturbed is passed over.
 *
 * Environment: PROPERTY_RUNS multiplies the number of cases (default 1), PROPERTY_SEED repeats a failure (the report
 * names it), PROPERTY_PATH as well goes straight to the case, PROPERTY_KEEP_LAB leaves the lab up for the next time.
 */
import fc from 'fast-check'
import type { Test } from 'tap'
import { compare, Lie, tell } from './compare.ts'
import { killedRun, type Blow } from './kill.ts'
import { runTasks, type PropertyNode, type Ran } from './node.ts'
import { titleOf, type TaskSpec } from './spec.ts'

export { putFile, runTasks, startNode, type PropertyNode } from './node.ts'
export { hidden, told, type TaskSpec } from './spec.ts'

export interface Case {
  readonly start: string
  readonly tasks: readonly TaskSpec[]
  readonly look: string
  /** Like `look`, but prints more, such as times: for runs that must change nothing. */
  readonly lookClosely?: string
  /** No task undoes what another does: all that is asked is so at the end. */
  readonly settled: boolean
}

/** See the head of this file. @throws {Lie} */
export async function checkThenRun(node: PropertyNode, given: Case): Promise<void> {
  const { start, tasks, settled, look, lookClosely = look } = given
  node.sh(start)
  const first = await checkedRun(node, tasks, lookClosely)
  verifyClaims(node, given, first)
  const second = await checkedRun(node, tasks, lookClosely)
  // What failed at first may be done the second time, when a later task has brought what it lacked.
  if (!settled || first.results.some(({ status }) => status === 'failed')) return
  second.results.forEach((result, index) => {
    const { always = false, mayFail = false } = tasks[index] as TaskSpec
    if (result.status === (always ? 'changed' : 'ok') || (mayFail && result.status === 'failed')) return
    throw new Lie(`${titleOf(tasks[index] as TaskSpec, index)}: a second run: ${tell(result)}`)
  })
}

/**
 * How often check mode predicted what, and how often a run was killed, since the last property began: a check mode that
 * only ever says unknown does not lie, but is of no use, and a blow that always comes late proves nothing.
 */
const tally = new Map<string, number>()

/** A check run and a run, held against each other. */
async function checkedRun(node: PropertyNode, tasks: readonly TaskSpec[], look: string): Promise<Ran> {
  const before = node.sh(look)
  const predicted = await runTasks(node, tasks, true)
  mustEqual('check mode changed the host', before, node.sh(look))
  const done = await runTasks(node, tasks, false)
  compare(tasks, predicted.results, done.results)
  for (const { status } of predicted.results) tally.set(status, (tally.get(status) ?? 0) + 1)
  if (done.results.every(({ status, changes }) => status === 'ok' && changes.length === 0)) {
    mustEqual('every task was ok, and yet the run changed the host', before, node.sh(look))
  }
  return done
}

function verifyClaims(node: PropertyNode, { tasks, settled }: Case, { results }: Ran): void {
  tasks.forEach(({ claim, ...task }, index) => {
    const { status } = results[index] ?? {}
    if (claim === undefined || (status !== 'ok' && status !== 'changed')) return
    if (!settled && index !== tasks.length - 1) return
    const { exitCode, stdout, stderr } = node.try(claim)
    if (exitCode === 0) return
    throw new Lie(`${titleOf(task as TaskSpec, index)}: ${status}, but it is not so: ${claim}\n${stdout}${stderr}`)
  })
}

/** See the head of this file. @throws {Lie} */
export async function killThenRun(node: PropertyNode, given: Omit<Case, 'settled'>, blow: Blow): Promise<void> {
  const { start, tasks, look } = given
  node.sh(start)
  const whole = await runTasks(node, tasks, false)
  // What does not come to an end by itself has no end to compare with: another case is taken.
  fc.pre(whole.exitCode === 0)
  const wanted = node.sh(look)
  node.sh(start)
  const { struck, how } = await killedRun(node, tasks, blow)
  const count = struck ? 'killed' : 'over before the blow'
  tally.set(count, (tally.get(count) ?? 0) + 1)
  const again = await runTasks(node, tasks, false)
  if (again.exitCode !== 0) throw new Lie(`${how}; the run after it failed: ${tell(again.results.at(-1))}`)
  mustEqual(`${how}; the run after it led elsewhere`, wanted, node.sh(look))
}

function mustEqual(what: string, before: string, after: string): void {
  if (before === after) return
  const old = new Set(before.split('\n'))
  const now = new Set(after.split('\n'))
  const lines = [
    ...[...old].filter((line) => !now.has(line)).map((line) => `  - ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `  + ${line}`),
  ]
  throw new Lie(`${what}:\n${lines.slice(0, 40).join('\n')}`)
}

/** The search for a smaller case ends after this. */
const SHRINK_MS = 40_000

/**
 * Tries a property with cases made by chance; a failure is reported with its seed and the smallest case found in time.
 * The chance is the same each time, so that a test that fails tells of a change; `PROPERTY_SEED=random` looks for new
 * cases, and `PROPERTY_RUNS=10` for ten times as many.
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
    const told = await fc.check(
      fc.asyncProperty(cases, async (given) => {
        if (Date.now() > until) return
        try {
          await holds(given)
        } catch (error) {
          if (!fc.PreconditionFailure.isFailure(error as Error) && until === Infinity) until = Date.now() + SHRINK_MS
          throw error
        }
      }),
      {
        numRuns: Math.ceil(runs * Number(PROPERTY_RUNS)),
        ...(PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) }),
        ...(PROPERTY_PATH === undefined ? {} : { path: PROPERTY_PATH }),
      },
    )
    t.comment(`seed ${told.seed}; met: ${[...tally].map(([status, count]) => `${count} ${status}`).join(', ')}`)
    if (!told.failed) {
      t.pass(`${told.numRuns} cases`)
      const all = [...tally.values()].reduce((sum, count) => sum + count, 0)
      t.ok((tally.get('unknown') ?? 0) <= all / 2, 'check mode could tell most of it')
      return
    }
    const error = told.errorInstance
    t.fail(
      `seed ${told.seed}, path ${told.counterexamplePath}: ${error instanceof Lie ? error.message : String((error as Error)?.stack)}`,
    )
    t.comment(`the smallest case found:\n${JSON.stringify(told.counterexample, null, 1)}`)
  })
}
