/** Compared number by number: the position in the merged task list, then in its handlers. */
export type Position = readonly number[]

interface Waiting {
  readonly position: Position
  readonly start: () => void
}

/** Strategy `linear`: all hosts run a task at the same time, and none starts the next before all have ended it. */
export class Lockstep {
  /** Where each host is, or waits to be. */
  readonly #positions: Map<string, Position>
  readonly #waiting = new Map<string, Waiting>()

  constructor(hosts: readonly string[]) {
    this.#positions = new Map(hosts.map((host) => [host, []]))
  }

  /** Waits until no other host is at an earlier position, or {@link wake}. */
  async reach(host: string, position: Position): Promise<void> {
    this.#positions.set(host, position)
    await new Promise<void>((start) => {
      this.#waiting.set(host, { position, start })
      this.#startReady()
    })
  }

  /** Ends the wait of a host, whose next position is then unknown: no other host starts before it reaches one. */
  wake(host: string): void {
    const waiting = this.#waiting.get(host)
    if (waiting === undefined) return
    this.#waiting.delete(host)
    this.#positions.set(host, [])
    waiting.start()
  }

  /** The host has ended the play. */
  leave(host: string): void {
    this.#positions.delete(host)
    this.#startReady()
  }

  #startReady(): void {
    const positions = [...this.#positions.values()]
    for (const [host, { position, start }] of this.#waiting) {
      if (positions.some((other) => comparePositions(other, position) < 0)) continue
      this.#waiting.delete(host)
      start()
    }
  }
}

/** Negative if `a` is before `b`. A position comes before those that it is the start of. */
export function comparePositions(a: Position, b: Position): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1)
    if (difference !== 0) return difference
  }
  return 0
}

/** The order of tasks in the lists of several hosts, which may differ: the position of each key. */
export function mergedOrder(lists: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  const merged: string[] = []
  for (const list of lists) {
    let after = -1
    for (const key of list) {
      const known = merged.indexOf(key)
      if (known === -1) merged.splice(++after, 0, key)
      else after = Math.max(after, known)
    }
  }
  return new Map(merged.map((key, position) => [key, position]))
}
