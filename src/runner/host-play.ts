import type { AttemptResult } from '../execution/attempt-result.ts'
import { ChangeBatcher } from '../execution/change-batcher.ts'
import type { ExecutionContext } from '../execution/execution-context.ts'
import { ProbeScheduler } from '../execution/probe-scheduler.ts'
import { publishResult } from '../execution/publish-result.ts'
import { attemptWithRetries } from '../execution/retries.ts'
import type { RunOnceResult } from '../execution/run-once.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import type { Batching } from '../execution/task-attempt.ts'
import type { TaskExecution } from '../execution/task-execution.ts'
import { setsOf } from '../execution/task-resources.ts'
import { TaskList } from '../execution/task-list.ts'

/** Runs one play on one host: its tasks, then the notified handlers. */
export class HostPlay {
  readonly #context: ExecutionContext
  readonly #handlers: readonly TaskExecution[]

  constructor(context: ExecutionContext, handlers: readonly TaskExecution[]) {
    this.#context = context
    this.#handlers = handlers
  }

  /** Stops when the host is excluded or `stop` returns true. */
  async run(tasks: readonly TaskExecution[], stop: () => boolean): Promise<void> {
    if (tasks.length === 0) return
    const { host, handlers } = this.#context
    await this.#runList(new TaskList(tasks), stop)
    // Handlers may notify other handlers: later ones run in the same round, earlier ones in the next.
    const done = new Set<TaskExecution>()
    const isDue = (handler: TaskExecution): boolean => !done.has(handler) && handlers.isDue(handler.handler ?? '')
    while (this.#handlers.some(isDue) && host.excluded === undefined && !stop()) {
      await this.#runList(new TaskList(this.#handlers, isDue), stop, (handler) => done.add(handler))
    }
  }

  async #runList(list: TaskList, stop: () => boolean, onStart?: (execution: TaskExecution) => void): Promise<void> {
    const probes = new ProbeScheduler(list)
    const batching: Batching = { list, probes, changes: new ChangeBatcher(list, probes) }
    const { host } = this.#context
    list.forgetProbes()
    for (const execution of list.executions) {
      // Changes already applied in a batch are reported, even if the host is excluded by now.
      if ((host.excluded !== undefined || stop()) && !execution.isApplied) continue
      if (!list.isDue(execution)) continue
      onStart?.(execution)
      const shared = await execution.once?.resultOrTurn(host.name)
      if (shared === undefined) await this.#runTask(execution, batching)
      else this.#useShared(execution, shared)
    }
  }

  /** Uses the result of another host's `run_once` task. */
  #useShared({ task: { keywords } }: TaskExecution, { result, values, pending }: RunOnceResult): void {
    const { host, state } = this.#context
    const { register } = keywords
    if (result.status === 'failed' || result.status === 'unreachable') host.excluded = 'failed'
    if (register === undefined || result.status === 'skipped') return
    if (pending) state.registry.setPending(host.name, register.key, result.task)
    else state.registry.set(host.name, register.key, values)
  }

  async #runTask(execution: TaskExecution, batching: Batching): Promise<void> {
    const { state, play, host, handlers } = this.#context
    const { task, title, notifies } = execution
    const watch = stopwatch()
    const early = await this.#resultWithoutAttempt(execution)
    const skipped = early === 'skipped'
    if (!skipped)
      state.emit({ type: 'task_start', play: play.name, task: title, module: task.module.name, host: host.name })
    const { result, attempts } =
      early === undefined
        ? await this.#attempt(execution, batching)
        : { result: early === 'skipped' ? ({ status: 'ok', changes: [], commands: [] } as const) : early, attempts: 0 }
    publishResult(execution, { skipped, result, watch, attempts })
    if (result.status === 'changed') handlers.notify(notifies)
    if (result.status === 'unknown') handlers.mayNotify(notifies, title)
  }

  #attempt(execution: TaskExecution, batching: Batching): ReturnType<typeof attemptWithRetries> {
    const attempt = () => attemptWithRetries(execution, batching)
    return execution.isExclusive ? this.#context.state.delegatedTasks.run(execution.target.name, attempt) : attempt()
  }

  /** The result of a task that is not attempted. */
  async #resultWithoutAttempt(execution: TaskExecution): Promise<AttemptResult | 'skipped' | undefined> {
    const unknown = await this.#unknownHandlerResult(execution)
    if (unknown !== undefined) return unknown
    try {
      if (!execution.isConditionMet()) return 'skipped'
    } catch (error) {
      return execution.failure(error)
    }
    const { problem } = execution
    return problem === undefined ? undefined : { status: 'failed', message: problem, changes: [], commands: [] }
  }

  /** Check mode: a handler is unknown if all tasks that may notify it are. */
  async #unknownHandlerResult(execution: TaskExecution): Promise<AttemptResult | undefined> {
    const { handler, task } = execution
    const reason = handler === undefined ? undefined : this.#context.handlers.unknownReason(handler)
    if (reason === undefined) return undefined
    const sets = await execution.prepare().then(
      ({ params }) => setsOf(task, params),
      () => undefined,
    )
    return {
      status: 'unknown',
      message: `depends on "${reason}", which has not run yet`,
      changes: [],
      commands: [],
      predictedChange: { sets },
    }
  }
}
