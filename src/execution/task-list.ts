import { BlockFlow } from './block-flow.ts'
import type { TaskExecution } from './task-execution.ts'

/** The tasks of one host, or its handlers, in order of execution. */
export class TaskList {
  readonly executions: readonly TaskExecution[]
  /** The order in which they run, if some fail. */
  readonly flow: BlockFlow
  readonly #isDue: (execution: TaskExecution) => boolean
  readonly #positions: ReadonlyMap<TaskExecution, number>

  /** @param isDue - whether a task will run: false for handlers that nobody notified. */
  constructor(executions: readonly TaskExecution[], isDue: (execution: TaskExecution) => boolean = () => true) {
    this.executions = executions
    this.flow = new BlockFlow(executions.map(({ task }) => task.blocks ?? []))
    this.#isDue = isDue
    this.#positions = new Map(executions.map((execution, position) => [execution, position]))
  }

  isDue(execution: TaskExecution): boolean {
    return this.#isDue(execution)
  }

  /** The tasks after this one that will run if none fails. */
  *after(execution: TaskExecution): Generator<TaskExecution> {
    for (const position of this.flow.following(this.#positionOf(execution))) {
      const following = this.executions[position] as TaskExecution
      if (this.#isDue(following)) yield following
    }
  }

  isAfter(execution: TaskExecution, other: TaskExecution): boolean {
    return this.#positionOf(execution) > this.#positionOf(other)
  }

  /** The tasks of the `rescue` that may run if this one fails. */
  rescuesOf(execution: TaskExecution): TaskExecution[] {
    return this.flow
      .rescuesOf(this.#positionOf(execution))
      .map((position) => this.executions[position] as TaskExecution)
  }

  /** Discards what is known of the host: its state may have changed. */
  forgetProbes(): void {
    for (const execution of this.executions) execution.forget()
  }

  #positionOf(execution: TaskExecution): number {
    return this.#positions.get(execution) ?? -1
  }
}
