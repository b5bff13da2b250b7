import type { TaskResult } from '../events/events.ts'

/** The result of a `run_once` task, for the hosts that did not run it. */
export interface RunOnceResult {
  readonly result: Pick<TaskResult, 'status' | 'ignored' | 'task'>
  readonly values: unknown
  /** Check mode: the task did not run, so its values do not exist yet. */
  readonly pending: boolean
}

/**
 * A task that runs on one host on behalf of all: the first host, in play order, that is still in the play. The other
 * hosts wait for its result. If that host leaves the play first, the next one takes over.
 */
export class RunOnce {
  #candidates: string[]
  #shared: RunOnceResult | undefined
  #wake: (() => void)[] = []

  constructor(hosts: readonly string[]) {
    this.#candidates = [...hosts]
  }

  /** @returns the shared result, or undefined if this host must run the task. */
  async resultOrTurn(host: string): Promise<RunOnceResult | undefined> {
    while (this.#shared === undefined && this.#candidates[0] !== host) {
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.#shared
  }

  publish(shared: RunOnceResult): void {
    this.#shared = shared
    this.#wakeAll()
  }

  /** The host will not reach the task. */
  removeHost(host: string): void {
    this.#candidates = this.#candidates.filter((candidate) => candidate !== host)
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
