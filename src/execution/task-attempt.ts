import { Unreachable } from '../connection/connection.ts'
import type { CommandRecord, PlannedChange } from '../events/events.ts'
import type { Plan, ReconnectOptions } from '../modules/module.ts'
import type { CommandResult } from '../shell/batch.ts'
import { failureReason, recordOf, withoutScript, type AttemptResult } from './attempt-result.ts'
import type { ChangeBatcher } from './change-batcher.ts'
import { allScripts, changeScripts } from './change-scripts.ts'
import { withEnvironment } from './environment.ts'
import { clearPendingMarker } from './pending-handlers.ts'
import { predict, predictedFailure, uncertainResult, unknownResult } from './predict.ts'
import type { PreparedTask } from './prepare-task.ts'
import type { ProbeScheduler } from './probe-scheduler.ts'
import { waitForReconnect } from './reconnect.ts'
import { BatchIncomplete, runBatch } from './run-host.ts'
import { stopwatch } from './stopwatch.ts'
import type { TaskExecution } from './task-execution.ts'
import { readsOf } from './task-resources.ts'
import type { TaskList } from './task-list.ts'

/** The list that a task is in, and what sends its probes and changes together with those of the others. */
export interface Batching {
  readonly list: TaskList
  readonly probes: ProbeScheduler
  readonly changes: ChangeBatcher
}

/** Labbook reconnects at most once per task, across all attempts. */
export interface ReconnectBudget {
  used: boolean
}

/** How often a task is planned again because another program changes the host at the same time. */
const MAX_REPLANS = 10

/** The index of the change that found the host in another state than it was planned for. */
function outdatedChange({ changes }: Plan<unknown>, applied: readonly CommandResult[]): number | undefined {
  const last = applied.length - 1
  const code = changes[last]?.outdatedExitCode
  return code !== undefined && applied[last]?.exitCode === code ? last : undefined
}

/** One attempt of a task: probe, plan and, outside check mode, apply and verify. */
export class TaskAttempt {
  readonly #execution: TaskExecution
  readonly #batching: Batching
  readonly #commands: CommandRecord[] = []
  /** The changes sent last. */
  #applying: readonly PlannedChange[] | undefined
  /** Changes before one that was planned for another state of the host. */
  #applied: readonly PlannedChange[] = []
  #replans = 0

  constructor(execution: TaskExecution, batching: Batching) {
    this.#execution = execution
    this.#batching = batching
  }

  /** Probes, plans and, outside check mode, applies and verifies. Reconnects once if the connection is lost. */
  async run(reconnectBudget: ReconnectBudget): Promise<AttemptResult> {
    try {
      return await this.#probeAndApply()
    } catch (error) {
      const isLost = error instanceof Unreachable && error.lost
      if (this.#execution.context.state.signal.aborted || reconnectBudget.used || !isLost) return this.#failure(error)
      reconnectBudget.used = true
      const begun = error.began ? this.#applying : undefined
      return await this.#resume(begun).catch((second: unknown) => this.#failure(second, begun !== undefined))
    }
  }

  async #probeAndApply(): Promise<AttemptResult> {
    const { state } = this.#execution.context
    const { module } = this.#execution.task
    this.#applying = undefined
    if (this.#execution.target.unreachableReason !== undefined)
      throw new Unreachable(this.#execution.target.unreachableReason)
    const prepared = await this.#execution.prepare()
    if (state.check && module.waits === true) {
      // The condition it waits for may depend on an earlier task.
      const reason = state.predictedEffects.prerequisite(
        this.#execution.target.name,
        readsOf(this.#execution.task, prepared.params),
      )
      if (reason !== undefined) return unknownResult(reason, this.#execution.task, prepared, this.#commands)
    }
    if (module.connects !== undefined && !state.check) return await this.#waitForConnection(prepared, module.connects)
    const waitSeconds = module.waitSeconds?.(prepared.params)
    if (waitSeconds !== undefined) this.#emitWaiting(this.#execution.title, waitSeconds)
    const probed = await this.#batching.probes.probe(this.#execution, prepared)
    this.#commands.push(recordOf('probe', prepared.probe.text, probed))
    const plan = this.#execution.plan(prepared, probed)
    if (!state.check) return await this.#applyPlan(prepared, probed, plan)
    const current = { result: probed, plan }
    const predicted = predict(state.predictedEffects, this.#execution, prepared, current, this.#commands)
    return predicted.result.status === 'changed'
      ? await this.#dryRun(prepared, predicted.plan, predicted.result)
      : predicted.result
  }

  /** Waits for a host that may not be reachable yet. */
  async #waitForConnection(prepared: PreparedTask, connects: ReconnectOptions<unknown>): Promise<AttemptResult> {
    const { context, target } = this.#execution
    const seconds = connects.delaySeconds(prepared.params) + connects.timeoutSeconds(prepared.params)
    this.#emitWaiting(`${target.name} to connect`, seconds)
    const watch = stopwatch()
    const nothing: CommandResult = { stdout: '', stderr: '', exitCode: 0, durationMs: 0 }
    const found = await waitForReconnect(this.#execution, connects, prepared.params, nothing, context.state.signal)
    if (typeof found === 'string') return { status: 'failed', message: found, changes: [], commands: this.#commands }
    this.#commands.push(recordOf('probe', connects.probe(prepared.params), found))
    const elapsed = { ...found, stdout: String(Math.round(watch.elapsed() / 1000)) }
    return await this.#applyPlan(prepared, elapsed, this.#execution.plan(prepared, elapsed))
  }

  /** Check mode: asks the host whether the changes would succeed. @returns the prediction, if they would. */
  async #dryRun(prepared: PreparedTask, plan: Plan<unknown>, predicted: AttemptResult): Promise<AttemptResult> {
    const { state } = this.#execution.context
    const asked = plan.changes.filter(({ dryRun }) => dryRun !== undefined)
    const scripts = asked.map(({ dryRun = '' }) => withEnvironment(this.#execution.task.keywords, dryRun))
    if (scripts.length === 0) return predicted
    const results = await this.#batching.probes.send(
      this.#execution,
      this.#execution.timeLimitSeconds(prepared),
      scripts.map((script) => ({ script, capture: this.#execution.captureOptions('probe'), mustSucceed: true })),
      [],
    )
    results.forEach((result, i) => this.#commands.push(recordOf('probe', scripts[i] as string, result)))
    const place = results.findIndex(({ exitCode }) => exitCode !== 0)
    const failed = results[place]
    if (failed === undefined) return predicted
    const why = failureReason(failed)
    return asked[place]?.dryRunIsUncertain === true
      ? uncertainResult(this.#execution.task, prepared, plan, this.#commands, why)
      : predictedFailure(state.predictedEffects, this.#execution, prepared, plan, this.#commands, why)
  }

  async #applyPlan(prepared: PreparedTask, probed: CommandResult, plan: Plan<unknown>): Promise<AttemptResult> {
    const { module } = this.#execution.task
    const changes = [...this.#applied, ...withoutScript(plan.changes)]
    const commands = this.#commands
    const failed = (message: string, values?: unknown): AttemptResult => ({
      status: 'failed',
      message,
      changes,
      commands,
      ...(values === undefined ? {} : { values }),
    })
    if (plan.problem !== undefined) return failed(plan.problem, plan.values)
    if (plan.changes.length === 0) {
      await this.#clearMarker()
      if (changes.length > 0) return { status: 'changed', changes, commands, values: plan.values }
      const { values, msg } = plan
      return { status: 'ok', changes, commands, values, ...(msg === undefined ? {} : { msg }) }
    }
    if (!this.#execution.isApproved(plan))
      return failed('not in the saved plan: the host has changed; nothing was done')
    const { applied, failedScript, verify } = await this.#sendChanges(prepared, plan)
    // It may have changed files that later tasks read.
    const { name, vars } = this.#execution.target
    if (name === 'localhost' || vars['ansible_connection'] === 'local')
      this.#execution.context.state.reader.forgetFiles()
    const outdated = failedScript === undefined ? undefined : outdatedChange(plan, applied)
    if (outdated !== undefined && this.#replans < MAX_REPLANS) {
      // Another program changed the host at the same time.
      this.#replans++
      this.#applied = [...this.#applied, ...withoutScript(plan.changes.slice(0, outdated))]
      this.#execution.forgetProbe()
      return await this.#probeAndApply()
    }
    if (failedScript !== undefined)
      return failed(failureReason(failedScript), module.result?.(prepared.params, applied).values)
    if (plan.saves !== undefined) {
      const { saveFile } = await import('./save-file.ts')
      const notSaved = await saveFile(String(prepared.inputs['path']), plan.saves)
      if (notSaved !== undefined) return failed(notSaved)
      this.#execution.context.state.reader.forgetFiles()
    }
    if (module.comesBack !== undefined) {
      const { comesBack } = module
      const seconds = comesBack.delaySeconds(prepared.params) + comesBack.timeoutSeconds(prepared.params)
      this.#emitWaiting(`${this.#execution.target.name} to reconnect`, seconds)
      const { signal } = this.#execution.context.state
      const reconnected = await waitForReconnect(this.#execution, comesBack, prepared.params, probed, signal)
      if (typeof reconnected === 'string') return failed(reconnected)
      commands.push(recordOf('verify', comesBack.probe(prepared.params), reconnected))
      await this.#clearMarker()
      applied.push(reconnected)
    }
    if (module.result !== undefined) {
      const { values, failed: why } = module.result(prepared.params, applied)
      return why === undefined ? { status: 'changed', changes, commands, values } : failed(why, values)
    }
    commands.push(recordOf('verify', prepared.probe.text, verify as CommandResult))
    const then = plan.saves === undefined ? prepared : await this.#execution.prepare()
    const verified = this.#execution.plan(then, verify as CommandResult)
    const remaining = verified.problem ?? verified.changes.find(({ recurs }) => recurs !== true)?.description
    return remaining === undefined
      ? { status: 'changed', changes, commands, values: withChangeValues(verified.values, plan.changeValues) }
      : failed(`changes applied, but the host is not in the desired state: ${remaining}`)
  }

  /** Sends the changes, the pending-handler markers they need, and the removal of this handler's marker. */
  async #sendChanges(
    prepared: PreparedTask,
    plan: Plan<unknown>,
  ): Promise<{ applied: CommandResult[]; failedScript?: CommandResult; verify?: CommandResult }> {
    const scripts = changeScripts(this.#execution, plan)
    this.#applying = withoutScript(plan.changes)
    try {
      const sent = await this.#batching.changes.apply(this.#execution, prepared, plan, allScripts(scripts))
      const applied = sent.changes.slice(scripts.before.length, scripts.before.length + scripts.own.length)
      applied.forEach((result, i) => this.#commands.push(recordOf('change', scripts.own[i] as string, result)))
      const failedScript = sent.changes.find(({ exitCode }) => exitCode !== 0)
      return {
        applied,
        ...(failedScript === undefined ? {} : { failedScript }),
        ...(sent.verify === undefined ? {} : { verify: sent.verify }),
      }
    } catch (error) {
      // A change that disconnects the host is expected to lose the connection.
      const disconnects = this.#execution.task.module.comesBack !== undefined
      const disconnected =
        (error instanceof Unreachable && error.lost && error.began) || error instanceof BatchIncomplete
      if (disconnects && disconnected && !this.#execution.context.state.signal.aborted) return { applied: [] }
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
    this.#batching.list.forgetProbes()
    this.#execution.context.handlers.rereadMarkers()
    await this.#send(':')
    this.#execution.context.state.emit({
      type: 'notice',
      level: 'warning',
      host: this.#execution.target.name,
      message: `connection lost during "${this.#execution.title}"; reconnected`,
    })
    if (begun !== undefined && this.#execution.task.module.result !== undefined) {
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

  /** Removes the marker of a handler that has nothing to do. */
  async #clearMarker(): Promise<void> {
    if (this.#execution.handler !== undefined)
      await this.#send(clearPendingMarker(this.#execution.context.play.name, this.#execution.handler))
  }

  async #send(script: string): Promise<void> {
    const { connection } = this.#execution.target
    await runBatch(connection, [script], {
      ...(this.#execution.become && { become: this.#execution.become }),
      timeLimitSeconds: 60,
    })
  }

  #emitWaiting(what: string, withinSeconds: number): void {
    const { state, play, host } = this.#execution.context
    state.emit({ type: 'waiting', play: play.name, host: host.name, for: what, withinSeconds })
  }

  #failure(error: unknown, isIndeterminate = false): AttemptResult {
    return this.#execution.failure(error, this.#commands, isIndeterminate)
  }
}

/** The values of the second probe, and what only the plan of the changes knew. */
const withChangeValues = (values: unknown, changeValues: object | undefined): unknown =>
  changeValues === undefined ? values : { ...(values as object | undefined), ...changeValues }
