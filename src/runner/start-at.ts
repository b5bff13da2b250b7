import { globToRegExp } from '../inventory/glob.ts'
import type { CheckedTask } from '../execution/check-task.ts'
import { nearest } from '../text/suggest.ts'
import { mergedOrder } from './lockstep.ts'

interface Listed extends CheckedTask {
  readonly key: string
}

/** `--start-at-task`: finds the first task with a name, and drops those before it. */
export class StartAt {
  readonly pattern: string
  readonly #matches: RegExp
  readonly #names = new Set<string>()
  /** The play or experiment that has it. */
  #step: object | undefined

  /** @param pattern - a task's title; wildcards as in Python's fnmatch. */
  constructor(pattern: string) {
    this.pattern = pattern
    this.#matches = globToRegExp(pattern)
  }

  get isFound(): boolean {
    return this.#step !== undefined
  }

  /** Whether a step with this name runs: it is the first with the pattern, or comes after it. */
  reaches(step: object, name: string): boolean {
    if (!this.isFound && this.#isMatch(name)) this.#step = step
    return this.isFound
  }

  /**
   * The tasks of the hosts of a batch, without those before the first match. Without a match: all tasks if an earlier
   * batch or play has one, else none.
   */
  drop<T extends Listed>(play: object, lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
    if (this.isFound && this.#step !== play) return lists
    const order = mergedOrder(lists.map((tasks) => tasks.map(({ key }) => key)))
    // A `rescue` runs only after a failure.
    const found = lists.flat().filter(({ task, title }) => this.#isMatch(title) && !isInRescue(task.blocks))
    if (found.length === 0 && this.isFound) return lists
    const first = Math.min(...found.map(({ key }) => order.get(key) ?? 0))
    if (found.length > 0) this.#step = play
    return lists.map((tasks) => tasks.filter(({ key }) => (order.get(key) ?? 0) >= first))
  }

  /** Why no task was found. */
  problem(): string {
    const [similar] = nearest(this.pattern, [...this.#names])
    const hint = similar === undefined ? '--list-tasks shows the names' : `did you mean "${similar}"?`
    return `--start-at-task: no task or experiment is named "${this.pattern}"; nothing was changed; ${hint}`
  }

  #isMatch(name: string): boolean {
    this.#names.add(name)
    return name === this.pattern || this.#matches.test(name)
  }
}

const isInRescue = (blocks: CheckedTask['task']['blocks']): boolean =>
  blocks?.some(({ section }) => section === 'rescue') === true
