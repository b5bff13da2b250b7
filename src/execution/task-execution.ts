import type { Become } from '../connection/connection.ts'
import type { CommandRecord } from '../events/events.ts'
import type { EarlierState, Plan } from '../modules/module.ts'
import type { Observed } from '../modules/script-output.ts'
import type { Task } from '../modules/task.ts'
import type { CommandResult } from '../shell/batch.ts'
import { attemptFailure } from './attempt-failure.ts'
import { shownChanges, withoutScript, type AttemptResult } from './attempt-result.ts'
import { outputLimitProblem, type CaptureOptions } from './captured-output.ts'
import type { CheckedTask } from './check-task.ts'
import { isConditionMet } from './conditions.ts'
import type { ExecutionContext } from './execution-context.ts'
import type { ResourceKeys } from './predicted-effects.ts'
import { prepareTask, resolveParams, type PreparedTask } from './prepare-task.ts'
import type { RunHost } from './run-host.ts'
import type { RunOnce } from './run-once.ts'
import { readsOf, setsOf } from './task-resources.ts'
import type { TaskTarget } from './task-target.ts'

const DEFAULT_TIME_LIMIT_SECONDS = 600

/** The results of a task's changes. */
export interface AppliedChange {
  /** In script order; incomplete if a script failed. */
  readonly changes: readonly CommandResult[]
  /** Of the task's probe, if a probe verifies the change and all scripts succeeded. */
  readonly verify: CommandResult | undefined
}

/** A task on one host, on its way: prepared, probed, planned, applied, verified. */
export class TaskExecution {
  readonly context: ExecutionContext
  readonly task: Task
  readonly title: string
  readonly target: RunHost
  readonly become: Become | undefined
  readonly problem: string | undefined
  readonly once: RunOnce | undefined
  readonly handler: string | undefined
  readonly key: string
  readonly throttle: TaskTarget['throttle']
  readonly #checked: CheckedTask
  #prepared:
    | {
        readonly task: PreparedTask
        readonly resolved: object
        readonly registryVersion: number
        readonly readerVersion: number
      }
    | undefined
  #probed: { readonly prepared: PreparedTask; readonly result: CommandResult } | undefined
  /** The last plan, and what it was made from. */
  #planned:
    | { readonly prepared: PreparedTask; readonly result: CommandResult; readonly plan: Plan<unknown> }
    | undefined
  #confidential: boolean | undefined
  /** Changes that were applied with those of an earlier task, and are yet to be reported. */
  #applied: { readonly scripts: readonly string[]; readonly change: AppliedChange } | undefined

  constructor(context: ExecutionContext, checked: CheckedTask, place: TaskTarget) {
    const { target, become, problem, once, handler, key = '', throttle } = place
    this.context = context
    this.#checked = checked
    this.task = checked.task
    this.title = checked.title
    this.target = target
    this.become = become
    this.problem = problem
    this.once = once
    this.handler = handler
    this.key = key
    this.throttle = throttle
  }

  /** The names of the handlers it notifies. */
  get notifies(): readonly string[] {
    const { notify } = this.task.keywords
    return notify === undefined ? [] : typeof notify === 'string' ? [notify] : notify
  }

  /** @throws {UnresolvedReference | ConditionError} `when` uses a value that does not exist yet, or throws. */
  isConditionMet(): boolean {
    return isConditionMet(this.task, this.context)
  }

  // Prepared: parameters are resolved again only if they have references and values were registered meanwhile.

  /**
   * Resolves references, validates parameters, reads input files and composes the probe.
   * @throws {UnresolvedReference | ConditionError | BadParameters | MissingInput}
   */
  async prepare(): Promise<PreparedTask> {
    const { registry, reader } = this.context.state
    // A file of the controller may have changed.
    const isOutdated = this.task.module.controllerFile !== undefined || this.#prepared?.readerVersion !== reader.version
    const known = isOutdated ? undefined : this.#prepared
    const { version: registryVersion } = registry
    const { version: readerVersion } = reader
    if (known !== undefined && (known.resolved === this.task.params || known.registryVersion === registryVersion))
      return known.task
    const resolved = resolveParams(this.task, registry.scope(this.context.host.name))
    const task = await prepareTask(this.#checked, resolved, reader, this.context.host.name)
    this.#prepared = { task, resolved, registryVersion, readerVersion }
    return task
  }

  /** Timeout in seconds. */
  timeLimitSeconds({ params }: PreparedTask): number {
    const { module, keywords } = this.task
    return keywords.timeout ?? module.timeLimitSeconds?.(params) ?? DEFAULT_TIME_LIMIT_SECONDS
  }

  /** Whether records show neither its scripts nor their output: some of its plans are confidential. */
  get isConfidential(): boolean {
    return this.#confidential ?? this.task.module.printsFiles === true
  }

  /** Output of tasks with `no_log`, and output that may be confidential, is never written to a file. */
  captureOptions(purpose: 'change' | 'probe'): CaptureOptions {
    const { openOverflowFile, openLiveOutput } = this.context.state
    const { module, keywords } = this.task
    const isHidden =
      keywords.no_log === true ||
      module.printsFiles === true ||
      module.redactOutput !== undefined ||
      this.isConfidential
    if (isHidden) return { purpose }
    const of = { host: this.target.name, task: this.title }
    const live = purpose === 'change' ? openLiveOutput : undefined
    return {
      purpose,
      ...(openOverflowFile && { openOverflowFile: (stream) => openOverflowFile({ ...of, stream }) }),
      ...(live && { openLiveOutput: (stream) => live({ host: this.context.host.name, task: this.title, stream }) }),
    }
  }

  // Probed: with the probe of an earlier task, if possible.

  acceptProbe(prepared: PreparedTask, result: CommandResult): void {
    this.#probed = { prepared, result }
  }

  get isProbed(): boolean {
    return this.#probed !== undefined
  }

  /** The result of an identical probe. */
  probeResult({ probe }: PreparedTask): CommandResult | undefined {
    return this.#probed?.prepared.probe.text === probe.text ? this.#probed.result : undefined
  }

  forgetProbe(): void {
    this.#probed = undefined
  }

  /** The state of the host may have changed. */
  forget(): void {
    this.#probed = undefined
    this.#applied = undefined
  }

  // Planned.

  /** The changes that bring a probed host to the desired state. */
  plan(prepared: PreparedTask, result: CommandResult): Plan<unknown> {
    if (this.#planned?.prepared === prepared && this.#planned.result === result) return this.#planned.plan
    const problem = outputLimitProblem(result)
    const plan =
      problem === undefined
        ? this.task.module.plan(prepared.params, result satisfies Observed, prepared.inputs, this.context.vars)
        : { changes: [], problem }
    const confidential = plan.confidential ?? this.task.module.printsFiles === true
    this.#confidential = this.#confidential === true || confidential
    this.#planned = { prepared, result, plan }
    return plan
  }

  /** Check mode: the plan for the state that earlier tasks leave; undefined: it cannot be predicted. */
  planAfter(prepared: PreparedTask, result: CommandResult, state: EarlierState): Plan<unknown> | undefined {
    const { module } = this.task
    return outputLimitProblem(result) === undefined
      ? module.planAfter?.(prepared.params, result satisfies Observed, state, prepared.inputs, this.context.vars)
      : undefined
  }

  /** Whether a plan's changes may be made: all, unless the run applies a saved plan. */
  isApproved({ changes }: Plan<unknown>): boolean {
    const { state, play, host } = this.context
    const task = { host: host.name, play: play.name, task: this.title, handler: this.handler !== undefined }
    return changes.length === 0 || (state.approved?.(task, shownChanges(this.task, withoutScript(changes))) ?? true)
  }

  /** The resource keys that a plan depends on. */
  reads({ params }: PreparedTask, plan: Plan<unknown>): ResourceKeys {
    return readsOf(this.task, params, plan)
  }

  /** The resource keys that its plan depends on, by its last probe. */
  probedReads(): ResourceKeys {
    return this.#probed && this.reads(this.#probed.prepared, this.plan(this.#probed.prepared, this.#probed.result))
  }

  /** The resource keys that a plan's changes modify. */
  sets({ params }: PreparedTask, plan: Plan<unknown>): ResourceKeys {
    return setsOf(this.task, params, plan)
  }

  // Applied and verified: with the changes of an earlier task, if possible.

  /** Whether a probe verifies its changes; otherwise the module evaluates their output. */
  get isVerified(): boolean {
    return this.task.module.result === undefined
  }

  /**
   * Whether its changes can be batched: only their exit codes are evaluated before the next change, they end soon, and
   * no later task uses their values.
   */
  get canBatch(): boolean {
    const { module, keywords } = this.task
    const { register, until, retries, failed_when, timeout } = keywords
    return (
      !this.context.isLinear &&
      this.once === undefined &&
      this.throttle === undefined &&
      this.isVerified &&
      module.waits !== true &&
      module.timeLimitSeconds === undefined &&
      [register, until, retries, failed_when, timeout].every((keyword) => keyword === undefined)
    )
  }

  /**
   * Whether it runs after the tasks that other hosts delegate to the same host, and not at the same time: it plans from
   * the state of that host. Tasks that take long or wait, and commands, run at the same time.
   */
  get isExclusive(): boolean {
    const { module } = this.task
    const isDelegated = this.target !== this.context.host && !this.context.state.check
    return isDelegated && this.isVerified && module.waits !== true && module.timeLimitSeconds === undefined
  }

  acceptApplied(scripts: readonly string[], change: AppliedChange): void {
    this.#applied = { scripts, change }
  }

  /** Whether its changes were applied with those of an earlier task, and are yet to be reported. */
  get isApplied(): boolean {
    return this.#applied !== undefined
  }

  /** The result of the same scripts, if they were applied with those of an earlier task. */
  takeApplied(scripts: readonly string[]): AppliedChange | undefined {
    const applied = this.#applied
    this.#applied = undefined
    return applied?.scripts.join('\0') === scripts.join('\0') ? applied.change : undefined
  }

  /**
   * Converts an error to a result.
   * @param commands - what ran before.
   * @param isIndeterminate - changes had started when the connection was lost.
   * @throws {Interrupted} the user interrupted the run; and any unexpected error.
   */
  failure(error: unknown, commands: readonly CommandRecord[] = [], isIndeterminate = false): AttemptResult {
    return attemptFailure(this, this.#checked, commands, error, isIndeterminate)
  }
}

/** Whether scripts of both tasks can share one shell. */
export const sharesShell = (a: TaskExecution, b: TaskExecution): boolean =>
  a.target === b.target && a.become?.user === b.become?.user
