import { listPendingMarkers, pendingHandlers } from './pending-handlers.ts'

/** Which handlers of a play are due on a host: notified in this run, or in an earlier one that ended before them. */
export class NotifiedHandlers {
  readonly #play: string
  readonly #names: readonly string[]
  readonly #notified = new Set<string>()
  /** Check mode: handlers that only tasks with an unknown result would notify, and the first such task. */
  readonly #unknown = new Map<string, string>()
  #markersRead: boolean

  /** @param names - all handlers of the play. */
  constructor(play: string, names: readonly string[]) {
    this.#play = play
    this.#names = names
    this.#markersRead = names.length === 0
  }

  notify(names: readonly string[]): void {
    for (const name of names) this.#notified.add(name)
  }

  /** Check mode: a task with an unknown result may notify them. */
  mayNotify(names: readonly string[], task: string): void {
    for (const name of names) if (!this.#unknown.has(name)) this.#unknown.set(name, task)
  }

  /** They have run. */
  clear(names: readonly string[]): void {
    for (const name of names) {
      this.#notified.delete(name)
      this.#unknown.delete(name)
    }
  }

  isDue(name: string): boolean {
    return this.#notified.has(name) || this.#unknown.has(name)
  }

  /** Check mode: the task that it depends on, if all tasks that may notify it have unknown results. */
  unknownReason(name: string): string | undefined {
    return this.#notified.has(name) ? undefined : this.#unknown.get(name)
  }

  /** The script that lists the host's pending-handler markers; none once they are read. */
  get markerQuery(): readonly string[] {
    return this.#markersRead ? [] : [listPendingMarkers]
  }

  /** Receives the output of {@link markerQuery}. */
  acceptMarkers(listed: string): void {
    this.notify(pendingHandlers(this.#play, this.#names, listed))
    this.#markersRead = true
  }

  /** After a lost connection: what ran then may have set markers for later tasks. */
  rereadMarkers(): void {
    this.#markersRead = this.#names.length === 0
  }
}
