import type { TaskExecution } from './task-execution.ts'

/** The tasks of one host, or its handlers, in order of execution. */
export class TaskList {
  readonly executions: readonly TaskExecution[]
  readonly #isDue: (execution: TaskExecution) => boolean
  readonly #positions: ReadonlyMap<TaskExecution, number>

  /** @param isDue - whether a task will run: false for handlers that nobody notified. */
  constructor(executions: readonly TaskExecution[], isDue: (execution: TaskExecution) => boolean = () => true) {
    this.executions = executions
    this.#isDue = isDue
    this.#positions = new Map(executions.map((execution, position) => [execution, position]))
  }

  isDue(execution: TaskExecution): boolean {
    return this.#isDue(execution)
  }

  /** The tasks after this one that will run. */
  *after(execution: TaskExecution): Generator<TaskExecution> {
    for (let next = this.#positionOf(execution) + 1; next < this.executions.length; next++) {
      const following = this.executions[next] as TaskExecution
      if (this.#isDue(following)) yield following
    }
  }

  isAfter(execution: TaskExecution, other: TaskExecution): boolean {
    return this.#positionOf(execution) > this.#positionOf(other)
  }

  /** Discards what is known of the host: its state may have changed. */
  forgetProbes(): void {
    for (const execution of this.executions) execution.forget()
  }

  #positionOf(execution: TaskExecution): number {
    return this.#positions.get(execution) ?? -1
  }
}
