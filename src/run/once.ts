import type { TaskResult } from './events.ts'

/** What a `run_once` task came to, for the hosts that did not run it. */
export interface Shared {
  readonly result: TaskResult
  readonly values: unknown
  /** Check mode: it would have run, so the values are not there yet. */
  readonly pending: boolean
}

/**
 * A task that runs on one host for all of them: the first in the play's order that is still in it. Others wait for what
 * comes of it; when that host leaves the play before, the next one takes over.
 */
export class Once {
  #candidates: string[]
  #shared: Shared | undefined
  #wake: (() => void)[] = []

  constructor(hosts: readonly string[]) {
    this.#candidates = [...hosts]
  }

  /** @returns the shared result, or undefined when it is this host's turn to run the task. */
  async turn(host: string): Promise<Shared | undefined> {
    while (this.#shared === undefined && this.#candidates[0] !== host) {
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.#shared
  }

  done(shared: Shared): void {
    this.#shared = shared
    this.#wakeAll()
  }

  /** This host will not come to the task. */
  drop(host: string): void {
    this.#candidates = this.#candidates.filter((candidate) => candidate !== host)
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
