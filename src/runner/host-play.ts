import { setTimeout as sleep } from 'node:timers/promises'
import type { Task } from '../modules/task.ts'
import { toAttempt, applyConditions, failOnConditionError, type AttemptResult } from '../execution/attempt-result.ts'
import { notifies, type Entry } from '../execution/task-entry.ts'
import type { RunHost } from '../execution/run-host.ts'
import { callTaskFunction } from '../playbook/playbook-errors.ts'
import { pendingHandlers } from '../execution/pending-handlers.ts'
import type { RunOnceResult } from '../execution/run-once.ts'
import type { Play } from '../playbook/play.ts'
import { conditions, prepare, titleOf, isConditionMet } from '../execution/prepare-task.ts'
import { TaskBatcher } from '../execution/task-batcher.ts'
import { report } from '../execution/report-result.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import type { RunState } from '../execution/run-state.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import { TaskAttempt, type ReconnectBudget, type AttemptContext } from '../execution/task-attempt.ts'

const DEFAULT_RETRIES = 3
const DEFAULT_DELAY_SECONDS = 5

/** Runs one play on one host. */
export class HostPlay {
  readonly #state: RunState
  readonly #play: Play
  readonly #host: RunHost
  readonly #vars: Readonly<Record<string, unknown>>
  readonly #handlers: readonly Entry[]
  readonly #context: AttemptContext
  readonly #notified = new Set<string>()
  /** Check mode: handlers that only tasks with an unknown result would notify, and the first such task. */
  readonly #unknownHandlers = new Map<string, string>()

  constructor(
    state: RunState,
    play: Play,
    host: RunHost,
    vars: Readonly<Record<string, unknown>>,
    handlers: readonly Entry[],
  ) {
    this.#state = state
    this.#play = play
    this.#host = host
    this.#vars = vars
    this.#handlers = handlers
    const names = handlers.map(({ handler }) => handler as string)
    this.#context = {
      state,
      play,
      vars,
      host,
      handlers: names,
      pendingHandlersUnknown: names.length > 0,
      onPendingHandlers: (listed) => {
        for (const name of pendingHandlers(play.name, names, listed)) this.#notified.add(name)
      },
    }
  }

  /** Runs the tasks, then the notified handlers. Stops when the host is excluded or `stop` returns true. */
  async run(entries: readonly Entry[], stop: () => boolean): Promise<void> {
    if (entries.length === 0) return
    await this.#runList(entries, stop)
    // Handlers may notify other handlers: later ones run in the same round, earlier ones in the next.
    const done = new Set<Entry>()
    const isDue = (entry: Entry): boolean => !done.has(entry) && this.#isNotified(entry)
    while (this.#handlers.some(isDue) && this.#host.excluded === undefined && !stop()) {
      await this.#runList(this.#handlers, stop, isDue, (entry) => done.add(entry))
    }
  }

  #isNotified({ handler = '' }: Entry): boolean {
    return this.#notified.has(handler) || this.#unknownHandlers.has(handler)
  }

  async #runList(
    entries: readonly Entry[],
    stop: () => boolean,
    isDue: (entry: Entry) => boolean = () => true,
    onDone?: (entry: Entry) => void,
  ): Promise<void> {
    const prober = new TaskBatcher(this.#context, entries, isDue)
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Entry
      // Changes already applied in a batch are reported, even if the host is excluded by now.
      if ((this.#host.excluded !== undefined || stop()) && !prober.isApplied(index)) continue
      if (!isDue(entry)) continue
      onDone?.(entry)
      const shared = await entry.once?.resultOrTurn(this.#host.name)
      if (shared === undefined) await this.#runTask(entry, index, prober)
      else this.#useShared(entry, shared)
    }
  }

  /** Uses the result of another host's `run_once` task. */
  #useShared(
    {
      task: {
        keywords: { register },
      },
    }: Entry,
    { result, values, pending }: RunOnceResult,
  ): void {
    const { name } = this.#host
    if (result.status === 'failed' || result.status === 'unreachable') this.#host.excluded = 'failed'
    if (register === undefined || result.status === 'skipped') return
    if (pending) this.#state.registry.setPending(name, register.key, result.task)
    else this.#state.registry.set(name, register.key, values)
  }

  async #runTask(entry: Entry, index: number, prober: TaskBatcher): Promise<void> {
    const watch = stopwatch()
    const { task } = entry
    const title = titleOf(task)
    let skipped = false
    let result = await this.#unknownHandlerResult(entry)
    let attempts = 0
    try {
      skipped =
        result === undefined &&
        !isConditionMet(task, conditions(this.#host.name, this.#vars, this.#state.registry.scope(this.#host.name)))
    } catch (error) {
      result = new TaskAttempt(this.#context, entry, index, prober).failure(error)
    }
    if (result === undefined && !skipped && entry.problem !== undefined)
      result = { status: 'failed', message: entry.problem, changes: [], commands: [] }
    if (skipped) result = { status: 'ok', changes: [], commands: [] }
    else
      this.#state.emit({
        type: 'task_start',
        play: this.#play.name,
        task: title,
        module: task.module.name,
        host: this.#host.name,
      })
    if (result === undefined) ({ result, attempts } = await this.#attempt(entry, index, prober))
    report({ state: this.#state, play: this.#play, host: this.#host, entry, title, skipped, result, watch, attempts })
    for (const name of notifies(entry)) {
      if (result.status === 'changed') this.#notified.add(name)
      if (result.status === 'unknown' && !this.#unknownHandlers.has(name)) this.#unknownHandlers.set(name, title)
    }
  }

  /** Runs the task, with retries as in `until` and `retries`. */
  async #attempt(
    entry: Entry,
    index: number,
    prober: TaskBatcher,
  ): Promise<{ result: AttemptResult; attempts: number }> {
    const { until, retries, delay = DEFAULT_DELAY_SECONDS } = entry.task.keywords
    const maxAttempts = until === undefined && retries === undefined ? 1 : 1 + (retries ?? DEFAULT_RETRIES)
    const reconnectBudget: ReconnectBudget = { used: false }
    for (let attempts = 1; ; attempts++) {
      const result = applyConditions(
        await new TaskAttempt(this.#context, entry, index, prober).run(reconnectBudget),
        entry.task,
      )
      if (this.#state.signal.aborted) throw new Interrupted()
      if (this.#state.check) return { result: checkUntil(result, entry.task), attempts }
      const noRetry = result.status === 'unreachable' || result.indeterminate === true || result.final === true
      if (noRetry) return { result, attempts }
      const evaluated = failOnConditionError(result, () => ({
        ...result,
        final: until === undefined ? result.status !== 'failed' : holds(until, result, entry.task),
      }))
      if (evaluated.final) return { result: evaluated, attempts }
      if (attempts >= maxAttempts) {
        if (until === undefined) return { result, attempts }
        return {
          result: {
            ...result,
            status: 'failed',
            message: result.message ?? `until condition not met after ${attempts} attempts`,
          },
          attempts,
        }
      }
      prober.invalidate()
      // Reported after the first attempt only: most conditions are met at once.
      if (attempts === 1) this.#emitWaiting(titleOf(entry.task), (maxAttempts - 1) * delay)
      await sleep(delay * 1000, undefined, { signal: this.#state.signal }).catch(() => {
        throw new Interrupted()
      })
    }
  }

  #emitWaiting(what: string, withinSeconds: number): void {
    this.#state.emit({ type: 'waiting', play: this.#play.name, host: this.#host.name, for: what, withinSeconds })
  }

  /** Check mode: a handler is unknown if all tasks that may notify it are. */
  async #unknownHandlerResult(entry: Entry): Promise<AttemptResult | undefined> {
    const { handler = '', task } = entry
    const reason = this.#unknownHandlers.get(handler)
    if (reason === undefined || this.#notified.has(handler)) return undefined
    const scope = this.#state.registry.scope(this.#host.name)
    const sets = await prepare(task, scope, this.#state.reader).then(
      ({ params }) => task.module.sets?.(params),
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

/** Check mode has one attempt: an unmet condition may be met later. */
function checkUntil(result: AttemptResult, task: Task): AttemptResult {
  const { until } = task.keywords
  if (until === undefined || result.status !== 'ok' || result.predictedChange !== undefined) return result
  return failOnConditionError(result, () => (holds(until, result, task) ? result : unknownUntil(result)))
}

function unknownUntil(result: AttemptResult): AttemptResult {
  return {
    ...result,
    status: 'unknown',
    message: 'the until condition is not met yet',
    predictedChange: { sets: [] },
  }
}

const holds = (until: NonNullable<Task['keywords']['until']>, result: AttemptResult, { at }: Task): boolean =>
  callTaskFunction('until', at, () => until(toAttempt(result)))
