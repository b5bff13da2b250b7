import pLimit, { type LimitFunction } from 'p-limit'
import { RunOnce } from '../execution/run-once.ts'
import type { Task } from '../modules/task.ts'
import { comparePositions, Lockstep, mergedOrder, type Position } from './lockstep.ts'

/** The tasks of a host, as the other hosts of its batch need them. */
export interface BatchMember {
  readonly host: string
  readonly tasks: readonly { readonly key: string; readonly task: Task }[]
}

export interface BatchOptions {
  /** All hosts run the same task at the same time. */
  readonly linear: boolean
  /** Hosts that run a task at the same time, in strategy `linear`. */
  readonly forks: number
  /** Asks the user whether to run a task: `--step`. */
  readonly confirm?: ((title: string) => Promise<boolean>) | undefined
}

/** What the hosts of a batch share while they run a play. */
export class PlayBatch {
  readonly #once: ReadonlyMap<string, RunOnce>
  readonly #members: readonly BatchMember[]
  #order: ReadonlyMap<string, number> | undefined
  readonly #hosts: readonly string[]
  readonly #lockstep: Lockstep | undefined
  readonly #forks: LimitFunction | undefined
  readonly #confirm: BatchOptions['confirm']
  readonly #confirmed = new Map<string, Promise<boolean>>()
  readonly #throttles = new Map<string, LimitFunction>()
  /** Hosts that a failure of another host also fails, and the task that failed. */
  readonly #mustFail = new Map<string, string>()
  /** The last task that failed on each host. */
  readonly #failedAt = new Map<string, string>()
  /** How often each host may have been changed. */
  readonly #changes = new Map<string, number>()
  /** Where a task ended the play for all hosts. */
  #endedAt: Position | undefined
  #hasEndedPlay = false

  constructor(members: readonly BatchMember[], { linear, forks, confirm }: BatchOptions) {
    this.#hosts = members.map(({ host }) => host)
    this.#once = runOnceTasks(members)
    this.#members = members
    this.#lockstep = linear ? new Lockstep(this.#hosts) : undefined
    this.#forks = linear ? pLimit(forks) : undefined
    this.#confirm = confirm
  }

  /** Whether hosts run the same task at the same time. */
  get isLinear(): boolean {
    return this.#lockstep !== undefined
  }

  /** Whether hosts wait for each other, so that all must take part at the same time. */
  get needsAllHosts(): boolean {
    return this.isLinear || this.#once.size > 0
  }

  /** The shared state of a `run_once` task. */
  once(key: string): RunOnce | undefined {
    return this.#once.get(key)
  }

  /** Limits the hosts that run a task with `throttle` at the same time. */
  throttle(key: string, hosts: number): LimitFunction {
    const limit = this.#throttles.get(key) ?? pLimit(hosts)
    this.#throttles.set(key, limit)
    return limit
  }

  /** Where a task is among those of all hosts. */
  positionOf(key: string): Position {
    this.#order ??= mergedOrder(this.#members.map(({ tasks }) => tasks.map((task) => task.key)))
    return [this.#order.get(key) ?? this.#order.size]
  }

  /** The position of the handlers at the end of the play. */
  get end(): Position {
    return [Number.POSITIVE_INFINITY]
  }

  /** Waits until a host may start a task, or must not. */
  async reach(host: string, position: Position): Promise<void> {
    await this.#lockstep?.reach(host, position)
  }

  /**
   * A task ended the play for all hosts.
   * @param isPlay - also for those of later batches.
   */
  endAt(position: Position, isPlay: boolean): void {
    this.#endedAt = position
    this.#hasEndedPlay ||= isPlay
    for (const host of this.#hosts) this.#lockstep?.wake(host)
  }

  /** Whether the play ended before a position. */
  hasEndedBefore(position: () => Position): boolean {
    return this.#endedAt !== undefined && comparePositions(this.#endedAt, position()) < 0
  }

  /** A task ended the play for all hosts of all batches. */
  get hasEndedPlay(): boolean {
    return this.#hasEndedPlay
  }

  /** Runs a task of a host, together with at most `--forks` other hosts. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#forks === undefined ? task() : this.#forks(task)
  }

  /** Asks whether to run a task; once for all hosts. */
  async isConfirmed(key: string, title: string): Promise<boolean> {
    if (this.#confirm === undefined) return true
    const answer = this.#confirmed.get(key) ?? this.#confirm(title)
    this.#confirmed.set(key, answer)
    return await answer
  }

  /** The host has ended the play. */
  leave(host: string): void {
    for (const once of this.#once.values()) once.removeHost(host)
    this.#lockstep?.leave(host)
  }

  /**
   * A task failed on a host.
   * @param isFatal - with `any_errors_fatal`: the other hosts fail as well, each where it is.
   */
  fail(host: string, key: string, isFatal: boolean): void {
    this.#failedAt.set(host, key)
    if (this.#mustFail.get(host) === key) this.#mustFail.delete(host)
    if (!isFatal) return
    for (const other of this.#hosts) {
      if (other === host || this.#failedAt.get(other) === key) continue
      this.#mustFail.set(other, key)
      this.#lockstep?.wake(other)
    }
  }

  /** Whether another host's failure fails this host. True once. */
  takeFailure(host: string): boolean {
    return this.#mustFail.delete(host)
  }

  /** A task of this host may have changed something. */
  addChange(host: string): void {
    this.#changes.set(host, (this.#changes.get(host) ?? 0) + 1)
  }

  /** Changes that other hosts have made so far; in strategy `linear`, a host sees them in its next task. */
  changesOfOthers(host: string): number {
    let sum = 0
    if (this.isLinear) for (const [other, changes] of this.#changes) if (other !== host) sum += changes
    return sum
  }
}

function runOnceTasks(members: readonly BatchMember[]): Map<string, RunOnce> {
  const candidates = new Map<string, string[]>()
  for (const { host, tasks } of members) {
    for (const { key, task } of tasks)
      if (task.keywords.run_once) candidates.set(key, [...(candidates.get(key) ?? []), host])
  }
  return new Map([...candidates].map(([key, hosts]) => [key, new RunOnce(hosts)]))
}
