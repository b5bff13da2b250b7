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
import { possibleChange } from '../execution/task-resources.ts'
import { TaskList } from '../execution/task-list.ts'
import { metaActionOf, type MetaAction } from '../modules/core/meta.ts'
import type { Position } from './lockstep.ts'
import type { PlayBatch } from './play-batch.ts'

/** How a task ended for its host: `ended` if it ended the play for it. */
type Outcome = 'done' | 'failed' | 'unreachable' | 'ended'

/** A task on its way, and whether a block would rescue its failure. */
interface Turn {
  readonly execution: TaskExecution
  readonly batching: Batching
  readonly isRescued: boolean
}

export interface HostPlayOptions {
  readonly context: ExecutionContext
  readonly handlers: readonly TaskExecution[]
  readonly batch: PlayBatch
  /** The play must stop on all hosts. */
  readonly stop: () => boolean
}

/** Runs one play on one host: its tasks, then the notified handlers. */
export class HostPlay {
  readonly #context: ExecutionContext
  readonly #handlers: readonly TaskExecution[]
  readonly #batch: PlayBatch
  readonly #stop: () => boolean
  /** Check mode: a `meta` task that may end the play; what follows is unknown. */
  #mayHaveEnded: string | undefined
  #flushes = 0
  #changesOfOthers = 0

  constructor({ context, handlers, batch, stop }: HostPlayOptions) {
    this.#context = context
    this.#handlers = handlers
    this.#batch = batch
    this.#stop = stop
  }

  /** Stops when the host fails, is unreachable or ends the play, or when `stop` returns true. */
  async run(tasks: readonly TaskExecution[]): Promise<void> {
    if (tasks.length === 0) return
    const { host, play, state } = this.#context
    const list = new TaskList(tasks)
    const outcome = await this.#runTasks(list)
    if (outcome === 'unreachable') host.excluded = 'unreachable'
    const hasFailed = outcome === 'failed'
    const runsHandlers = outcome === 'done' || (hasFailed && (play.force_handlers ?? state.forceHandlers))
    const flushed = runsHandlers && !this.#stop() ? await this.#flushHandlers(this.#batch.end, false) : 'done'
    if (flushed === 'unreachable') host.excluded = 'unreachable'
    else if (hasFailed || flushed === 'failed') host.excluded = 'failed'
  }

  async #runTasks(list: TaskList): Promise<Outcome> {
    const { name } = this.#context.host
    const { flow, executions } = list
    const batching = startBatching(list)
    let last = -1
    let position = await this.#pass(batching, -1, flow.first)
    while (position < flow.end) {
      const execution = executions[position] as TaskExecution
      if (this.#batch.isLinear) await this.#batch.reach(name, this.#batch.positionOf(execution.key))
      if (this.#stop() || this.#batch.hasEndedBefore(() => this.#batch.positionOf(execution.key))) {
        await this.#pass(batching, position - 1, flow.end)
        return 'ended'
      }
      if (this.#batch.takeFailure(name)) {
        position = await this.#pass(batching, position - 1, flow.afterFailure(last))
        continue
      }
      const outcome = await this.#runTask({ execution, batching, isRescued: flow.isRescued(position) })
      if (outcome === 'ended' || outcome === 'unreachable') {
        await this.#pass(batching, position, flow.end)
        return outcome
      }
      last = position
      position = await this.#pass(batching, last, outcome === 'failed' ? flow.afterFailure(last) : flow.next(last))
    }
    return flow.hasFailed ? 'failed' : 'done'
  }

  /** Passes by the tasks between two positions. Changes of theirs that were already applied in a batch are reported. */
  async #pass(batching: Batching, from: number, to: number): Promise<number> {
    const { executions, flow } = batching.list
    for (let position = from + 1; position < to; position++) {
      const execution = executions[position] as TaskExecution
      if (execution.isApplied) await this.#runTask({ execution, batching, isRescued: flow.isRescued(position) })
      else execution.once?.removeHost(this.#context.host.name)
    }
    return to
  }

  /** Runs the notified handlers, at a position among the tasks. */
  async #flushHandlers(position: Position, isRescued: boolean): Promise<Outcome> {
    const { host, handlers } = this.#context
    // Handlers may notify other handlers: later ones run in the same round, earlier ones in the next.
    const done = new Set<TaskExecution>()
    const isDue = (handler: TaskExecution): boolean => !done.has(handler) && handlers.isDue(handler.handler ?? '')
    let outcome: Outcome = 'done'
    this.#flushes++
    for (let round = 0; outcome === 'done' && this.#handlers.some(isDue); round++) {
      const batching = startBatching(new TaskList(this.#handlers, isDue))
      for (const [i, execution] of this.#handlers.entries()) {
        if (!isDue(execution) || (outcome !== 'done' && !execution.isApplied)) continue
        if (outcome === 'done') {
          await this.#batch.reach(host.name, [...position, round, i])
          if (this.#stop() || this.#batch.hasEndedBefore(() => position)) outcome = 'ended'
          else if (this.#batch.takeFailure(host.name)) outcome = 'failed'
          if (outcome !== 'done' && !execution.isApplied) continue
        }
        done.add(execution)
        const own = await this.#runTask({ execution, batching, isRescued })
        if (outcome === 'done') outcome = own
      }
    }
    handlers.clear([...done].map(({ handler }) => handler ?? ''))
    return outcome
  }

  async #runTask(turn: Turn): Promise<Outcome> {
    const { execution, batching } = turn
    const { host } = this.#context
    const action = metaActionOf(execution.task)
    if (action === undefined && !(await this.#isConfirmed(execution))) return 'done'
    const shared = await execution.once?.resultOrTurn(host.name)
    if (action !== undefined) return await this.#runMeta(turn, action, shared)
    if (shared !== undefined) return this.#useShared(execution, shared)
    this.#forgetOutdatedProbes(batching)
    const run = (): Promise<Outcome> => this.#batch.run(() => this.#runOnHost(turn))
    return await (execution.throttle === undefined ? run() : execution.throttle(run))
  }

  #isConfirmed({ key, title }: TaskExecution): Promise<boolean> {
    return this.#batch.isConfirmed(`${this.#flushes} ${key}`, title)
  }

  /** Strategy `linear`: a probe sent before another host's change may be outdated. */
  #forgetOutdatedProbes({ list }: Batching): void {
    const changes = this.#batch.changesOfOthers(this.#context.host.name)
    if (changes !== this.#changesOfOthers) list.forgetProbes()
    this.#changesOfOthers = changes
  }

  /** Uses the result of another host's `run_once` task. */
  #useShared({ task: { keywords } }: TaskExecution, { result, values, pending }: RunOnceResult): Outcome {
    const { host, state } = this.#context
    const { register } = keywords
    if (register !== undefined && result.status !== 'skipped') {
      if (pending) state.registry.setPending(host.name, register.key, result.task)
      else state.registry.set(host.name, register.key, values)
    }
    const isFailure = result.status === 'failed' || result.status === 'unreachable'
    return isFailure && !result.ignored ? 'failed' : 'done'
  }

  async #runOnHost({ execution, batching, isRescued }: Turn): Promise<Outcome> {
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
    const published = publishResult(execution, { skipped, result, watch, attempts, isRescued })
    if (result.status === 'changed') handlers.notify(notifies)
    if (result.status === 'unknown') {
      handlers.mayNotify(notifies, title)
      for (const rescue of batching.list.rescuesOf(execution)) await this.#addUnknownEffects(rescue)
    }
    if (result.status !== 'ok') this.#batch.addChange(host.name)
    return this.#outcomeOf(execution, published)
  }

  /** Check mode: a task may run, and then sets what it can set. */
  async #addUnknownEffects(execution: TaskExecution): Promise<void> {
    const { sets, onOtherHost } = await possibleEffects(execution)
    const { predictedEffects } = this.#context.state
    predictedEffects.add(execution.target.name, execution.title, sets, false)
    if (onOtherHost !== undefined) predictedEffects.add(onOtherHost.host, execution.title, onOtherHost.sets, false)
  }

  #outcomeOf({ key, task }: TaskExecution, { status, ignored }: ReturnType<typeof publishResult>): Outcome {
    const { host, play } = this.#context
    if (ignored || (status !== 'failed' && status !== 'unreachable')) return 'done'
    this.#batch.fail(host.name, key, task.keywords.any_errors_fatal ?? play.any_errors_fatal ?? false)
    return status
  }

  #attempt(execution: TaskExecution, batching: Batching): ReturnType<typeof attemptWithRetries> {
    const attempt = () => attemptWithRetries(execution, batching)
    return execution.isExclusive ? this.#context.state.delegatedTasks.run(execution.target.name, attempt) : attempt()
  }

  /** A task that controls the play. Its result counts only if it fails. */
  async #runMeta(turn: Turn, action: MetaAction, shared: RunOnceResult | undefined): Promise<Outcome> {
    const { execution, batching, isRescued } = turn
    const { host } = this.#context
    const { title } = execution
    let applies = shared?.values === true
    if (shared === undefined) {
      const watch = stopwatch()
      try {
        applies = this.#mayHaveEnded === undefined && execution.isConditionMet()
      } catch (error) {
        const result = execution.failure(error)
        const published = publishResult(execution, { skipped: false, result, watch, attempts: 0, isRescued })
        if (result.status === 'unknown') this.#mayHaveEnded ??= title
        return this.#outcomeOf(execution, published)
      }
      execution.once?.publish({
        result: { status: 'ok', ignored: false, task: title },
        values: applies,
        pending: false,
      })
    } else if (shared.pending) this.#mayHaveEnded ??= shared.result.task
    else if (shared.result.status === 'failed') return 'failed'
    if (!applies || action === 'noop') return 'done'
    if (action === 'clear_facts') {
      host.facts = {}
      return 'done'
    }
    if (action !== 'flush_handlers') {
      if (action !== 'end_host') this.#batch.endAt(this.#batch.positionOf(execution.key), action === 'end_play')
      return 'ended'
    }
    const runs = this.#handlers.some(({ handler = '' }) => this.#context.handlers.isDue(handler))
    const outcome = await this.#flushHandlers(this.#batch.positionOf(execution.key), isRescued)
    // Handlers may have changed what was probed before them.
    if (runs) batching.list.forgetProbes()
    return outcome
  }

  /** The result of a task that is not attempted. */
  async #resultWithoutAttempt(execution: TaskExecution): Promise<AttemptResult | 'skipped' | undefined> {
    const { handler } = execution
    const reason =
      this.#mayHaveEnded ?? (handler === undefined ? undefined : this.#context.handlers.unknownReason(handler))
    if (reason !== undefined) return await unknownBecauseOf(reason, execution)
    try {
      if (!execution.isConditionMet()) return 'skipped'
    } catch (error) {
      return execution.failure(error)
    }
    const { problem } = execution
    return problem === undefined ? undefined : { status: 'failed', message: problem, changes: [], commands: [] }
  }
}

/** Starts to run a list: what is known of the host may be outdated. */
function startBatching(list: TaskList): Batching {
  const probes = new ProbeScheduler(list)
  list.forgetProbes()
  return { list, probes, changes: new ChangeBatcher(list, probes) }
}

/** What a task can set, whatever the state of the hosts. */
const possibleEffects = (execution: TaskExecution): Promise<NonNullable<AttemptResult['predictedChange']>> =>
  execution.prepare().then(
    ({ params }) => possibleChange(execution.task, params),
    () => ({ sets: undefined }),
  )

/** Check mode: whether a task runs depends on another one. A handler is unknown if all tasks that may notify it are. */
async function unknownBecauseOf(reason: string, execution: TaskExecution): Promise<AttemptResult> {
  return {
    status: 'unknown',
    message: `depends on "${reason}", which has not run yet`,
    changes: [],
    commands: [],
    predictedChange: await possibleEffects(execution),
  }
}
