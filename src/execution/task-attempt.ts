import { Unreachable } from '../connection/connection.ts'
import type { Plan } from '../modules/module.ts'
import { contentOf } from '../modules/support/effects.ts'
import type { ScriptResult } from '../shell/batch.ts'
import { UnresolvedReference } from '../values/reference.ts'
import { failureOf, lastLine, withoutScript, type AttemptResult } from './attempt-result.ts'
import { unknownResult, predict } from './predict.ts'
import { waitForReconnect } from './reconnect.ts'
import type { Entry } from './task-entry.ts'
import type { CommandRecord, PlannedChange } from '../events/events.ts'
import { BatchIncomplete, runBatch } from './run-host.ts'
import { MissingInput } from './inputs.ts'
import { listPendingMarkers, clearPendingMarker } from './pending-handlers.ts'
import { changeScripts, allScripts, planOf } from './task-plan.ts'
import { paramsOf, prepare, titleOf, type PreparedTask } from './prepare-task.ts'
import type { TaskBatcher, ExecutionContext } from './task-batcher.ts'
import { Interrupted } from '../playbook/interrupted.ts'

/** The host whose files are the controller's. */
const CONTROLLER = 'localhost'

/** What all attempts of a host's tasks in a play share. */
export interface AttemptContext extends ExecutionContext {
  /** Receives the list of pending-handler markers found on the host. */
  readonly onPendingHandlers: (listed: string) => void
  /** Set until the markers are read: an earlier run may have left some, or this one before a lost connection. */
  pendingHandlersUnknown: boolean
}

/** Labbook reconnects at most once per task, across all attempts. */
export interface ReconnectBudget {
  used: boolean
}

/** One attempt of a task: probe, plan and, outside check mode, apply. */
export class TaskAttempt {
  readonly #context: AttemptContext
  readonly #entry: Entry
  readonly #index: number
  readonly #prober: TaskBatcher
  readonly #commands: CommandRecord[] = []
  /** The changes sent last. */
  #applying: readonly PlannedChange[] | undefined

  constructor(context: AttemptContext, entry: Entry, index: number, prober: TaskBatcher) {
    this.#context = context
    this.#entry = entry
    this.#index = index
    this.#prober = prober
  }

  async run(reconnectBudget: ReconnectBudget): Promise<AttemptResult> {
    try {
      return await this.#probeAndApply()
    } catch (error) {
      if (this.#context.state.signal.aborted || reconnectBudget.used || !(error instanceof Unreachable && error.lost))
        return this.failure(error)
      reconnectBudget.used = true
      const begun = error.began ? this.#applying : undefined
      return await this.#resume(begun).catch((second: unknown) => this.failure(second, begun !== undefined))
    }
  }

  async #probeAndApply(): Promise<AttemptResult> {
    const { state, host, onPendingHandlers: heedNotices, pendingHandlersUnknown: noticesUnknown } = this.#context
    const { task, target } = this.#entry
    this.#applying = undefined
    if (target.unreachableReason !== undefined) throw new Unreachable(target.unreachableReason)
    const prepared = await prepare(task, state.registry.scope(host.name), state.reader)
    if (state.check && task.module.waits === true) {
      // The condition it waits for may depend on an earlier task.
      const reason = state.predictedEffects.prerequisite(target.name, task.module.reads?.(prepared.params))
      if (reason !== undefined) return unknownResult(reason, this.#entry, prepared, this.#commands)
    }
    const waitSeconds = task.module.waitSeconds?.(prepared.params)
    if (waitSeconds !== undefined) this.#emitWaiting(titleOf(task), waitSeconds)
    const probed = await this.#prober.probe(
      this.#index,
      prepared,
      noticesUnknown ? [listPendingMarkers] : [],
      ([listed]) => {
        if (listed !== undefined) heedNotices(listed.stdout)
        this.#context.pendingHandlersUnknown = false
      },
    )
    this.#commands.push(record('probe', prepared.probe.text, probed))
    const plan = this.#plan(prepared, probed)
    return state.check
      ? predict(state.predictedEffects, this.#entry, prepared, plan, this.#commands)
      : await this.#applyPlan(prepared, probed, plan)
  }

  async #applyPlan(prepared: PreparedTask, probed: ScriptResult, plan: Plan<unknown>): Promise<AttemptResult> {
    const changes = withoutScript(plan.changes)
    const commands = this.#commands
    if (plan.problem !== undefined) return { status: 'failed', message: plan.problem, changes, commands }
    if (plan.changes.length > 0) return await this.#applyChanges(prepared, probed, plan)
    await this.#clearMarker()
    return { status: 'ok', changes, commands, values: plan.values }
  }

  async #applyChanges(prepared: PreparedTask, probed: ScriptResult, plan: Plan<unknown>): Promise<AttemptResult> {
    const { module } = this.#entry.task
    const changes = withoutScript(plan.changes)
    const commands = this.#commands
    const { applied, failedScript, verify } = await this.#sendChanges(prepared, plan)
    if (failedScript !== undefined) {
      const values = module.result?.(prepared.params, applied).values
      return { status: 'failed', message: failureReason(failedScript), changes, commands, values }
    }
    if (module.comesBack !== undefined) {
      const seconds = module.comesBack.delaySeconds(prepared.params) + module.comesBack.timeoutSeconds(prepared.params)
      this.#emitWaiting(`${this.#entry.target.name} to reconnect`, seconds)
      const reconnected = await waitForReconnect(
        this.#entry,
        module.comesBack,
        prepared.params,
        probed,
        this.#context.state.signal,
      )
      if (typeof reconnected === 'string') return { status: 'failed', message: reconnected, changes, commands }
      commands.push(record('verify', module.comesBack.probe(prepared.params), reconnected))
      await this.#clearMarker()
      applied.push(reconnected)
    }
    if (module.result !== undefined) {
      const { values, failed } = module.result(prepared.params, applied)
      return failed === undefined
        ? { status: 'changed', changes, commands, values }
        : { status: 'failed', message: failed, changes, commands, values }
    }
    commands.push(record('verify', prepared.probe.text, verify as ScriptResult))
    const verified = this.#plan(prepared, verify as ScriptResult)
    const remaining = verified.problem ?? verified.changes[0]?.description
    if (remaining !== undefined)
      return {
        status: 'failed',
        message: `changes applied, but the host is not in the desired state: ${remaining}`,
        changes,
        commands,
      }
    return { status: 'changed', changes, commands, values: verified.values }
  }

  #emitWaiting(what: string, withinSeconds: number): void {
    const { state, play, host } = this.#context
    state.emit({ type: 'waiting', play: play.name, host: host.name, for: what, withinSeconds })
  }

  /** Sends the changes, the pending-handler markers they need, and the removal of this handler's marker. */
  async #sendChanges(
    prepared: PreparedTask,
    plan: Plan<unknown>,
  ): Promise<{ applied: ScriptResult[]; failedScript?: ScriptResult; verify?: ScriptResult }> {
    const { play, handlers } = this.#context
    const disconnects = this.#entry.task.module.comesBack !== undefined
    const scripts = changeScripts(play, handlers, this.#entry, plan)
    this.#applying = withoutScript(plan.changes)
    try {
      const done = await this.#prober.apply(this.#index, prepared, plan, allScripts(scripts))
      const applied = done.changes.slice(scripts.before.length, scripts.before.length + scripts.own.length)
      applied.forEach((outcome, i) => this.#commands.push(record('change', scripts.own[i] as string, outcome)))
      const failedScript = done.changes.find(({ exitCode }) => exitCode !== 0)
      return {
        applied,
        ...(failedScript === undefined ? {} : { failedScript }),
        ...(done.verify === undefined ? {} : { verify: done.verify }),
      }
    } catch (error) {
      // A change that disconnects the host is expected to lose the connection.
      const disconnected =
        (error instanceof Unreachable && error.lost && error.began) || error instanceof BatchIncomplete
      if (disconnects && disconnected && !this.#context.state.signal.aborted) return { applied: [] }
      throw error
    }
  }

  /**
   * After a lost connection: reconnects, probes again and applies the remaining changes. The connection waits for
   * scripts still running on the host, so nothing runs concurrently.
   *
   * @param begun - the changes that were being applied; undefined if none had started.
   */
  async #resume(begun: readonly PlannedChange[] | undefined): Promise<AttemptResult> {
    const { task, target } = this.#entry
    const title = titleOf(task)
    this.#prober.invalidate()
    // The batch may have contained changes of later tasks.
    this.#context.pendingHandlersUnknown = this.#context.handlers.length > 0
    await this.#send(':')
    this.#context.state.emit({
      type: 'notice',
      level: 'warning',
      host: target.name,
      message: `connection lost during "${title}"; reconnected`,
    })
    if (begun !== undefined && task.module.result !== undefined) {
      const message =
        'connection lost while the command ran: its outcome is unknown, and it is not retried automatically'
      return { status: 'failed', message, changes: begun, commands: this.#commands, indeterminate: true }
    }
    const result = await this.#probeAndApply()
    if (begun === undefined || (result.status !== 'ok' && result.status !== 'changed')) return result
    const message =
      result.status === 'ok'
        ? 'connection lost during the change; the host is in the desired state'
        : 'connection lost during the change; completed after reconnecting'
    return { ...result, status: 'changed', changes: begun, message }
  }

  #plan(prepared: PreparedTask, probed: ScriptResult): Plan<unknown> {
    return planOf(this.#entry, prepared, probed, this.#context.vars)
  }

  /**
   * Converts an error to a result. In check mode, some errors only mean that an earlier change was not applied.
   *
   * @param indeterminate - changes had started when the connection was lost.
   */
  failure(error: unknown, inTheDark = false): AttemptResult {
    const { check, signal, predictedEffects: foreseen, registry } = this.#context.state
    const { target, task } = this.#entry
    const commands = this.#commands
    if (signal.aborted) throw new Interrupted()
    const unknown = (message: string, sets?: readonly string[]): AttemptResult => ({
      status: 'unknown',
      message,
      changes: [],
      commands,
      predictedChange: { sets },
    })
    if (check && error instanceof UnresolvedReference && error.pending) return unknown(error.message)
    const latest = foreseen.latestTask()
    if (check && error instanceof Unreachable && latest !== undefined) {
      // An earlier task may create this host. Each further connection attempt could take a full time limit.
      const why = target.unreachableReason === undefined ? `: ${error.message}` : ''
      target.unreachableReason ??= error.message
      return unknown(`depends on "${latest}", which has not run yet${why}`)
    }
    if (check && error instanceof MissingInput) {
      // An earlier task may create this file on the controller.
      const reason = foreseen.prerequisite(CONTROLLER, error.places.flatMap(contentOf))
      const sets = task.module.sets?.(paramsOf(task, registry.scope(this.#context.host.name)))
      if (reason !== undefined) return unknown(`depends on "${reason}", which has not run yet: ${error.message}`, sets)
    }
    const failed = failureOf(error, commands)
    if (!inTheDark || failed.status !== 'unreachable' || (error as Unreachable).began) return failed
    return {
      ...failed,
      message: `${failed.message}; connection lost during "${titleOf(task)}": its outcome is unknown`,
    }
  }

  /** Removes the marker of a handler that has nothing to do. */
  async #clearMarker(): Promise<void> {
    const { handler } = this.#entry
    if (handler !== undefined) await this.#send(clearPendingMarker(this.#context.play.name, handler))
  }

  async #send(script: string): Promise<void> {
    const { target, become } = this.#entry
    await runBatch(target.connection, [script], { ...(become === undefined ? {} : { become }), timeLimitSeconds: 60 })
  }
}

const record = (kind: CommandRecord['kind'], script: string, outcome: ScriptResult): CommandRecord => ({
  kind,
  script,
  ...outcome,
})

const failureReason = ({ stdout, stderr, exitCode }: ScriptResult): string =>
  lastLine(stderr) || lastLine(stdout) || `exit code ${exitCode}`
