import type { Plan } from '../modules/module.ts'
import type { ScriptResult, Script } from '../shell/batch.ts'
import { UnresolvedReference } from '../values/reference.ts'
import { sameShell, timeLimitOf, type Entry } from './task-entry.ts'
import { affects, mergeKeys, type ResourceKeys } from './predicted-effects.ts'
import { runBatch, type RunHost } from './run-host.ts'
import { MissingInput } from './inputs.ts'
import { ConditionError } from '../playbook/playbook-errors.ts'
import type { CaptureOptions } from './captured-output.ts'
import type { Play } from '../playbook/play.ts'
import { changeScripts, allScripts, planOf, readsOf, setsOf } from './task-plan.ts'
import { yieldToEventLoop } from './event-loop.ts'
import { BadParameters, conditions, prepare, titleOf, isConditionMet, type PreparedTask } from './prepare-task.ts'
import type { RunState } from './run-state.ts'

/** Larger scripts delay the response without saving round trips. */
const MAX_BATCH = 200

/** What the tasks of one host in one play share. */
export interface ExecutionContext {
  readonly state: RunState
  readonly play: Play
  readonly host: RunHost
  readonly vars: Readonly<Record<string, unknown>>
  /** Names of the play's handlers. */
  readonly handlers: readonly string[]
}

interface CachedProbe {
  readonly prepared: PreparedTask
  readonly outcome: ScriptResult
}

/** The results of a change. */
interface ChangeResult {
  /** In script order; incomplete if a script failed. */
  readonly changes: readonly ScriptResult[]
  /** Of the task's probe, if a probe verifies the change and all scripts succeeded. */
  readonly verify: ScriptResult | undefined
}

/** A change to send to the host. */
interface PendingChange {
  readonly index: number
  readonly entry: Entry
  readonly prepared: PreparedTask
  readonly scripts: readonly string[]
  /** Resource keys that the plan depends on, and those its changes modify. */
  readonly reads: ResourceKeys
  readonly sets: ResourceKeys
}

/**
 * Probes and changes a host in as few round trips as possible. Each round trip carries
 *
 * - with the probe of the current task, the probes of following tasks (prefetch);
 * - with its changes, those of following tasks that are already probed and independent of earlier changes in the batch.
 *   Dependencies follow from the `reads` and `sets` of modules.
 *
 * A prefetched result is used only if the task still has the identical probe, and nothing it depends on has changed
 * since.
 */
export class TaskBatcher {
  readonly #context: ExecutionContext
  readonly #entries: readonly Entry[]
  readonly #isDue: (entry: Entry) => boolean
  readonly #cached = new Map<number, CachedProbe>()
  readonly #applied = new Map<number, ChangeResult & Pick<PendingChange, 'scripts'>>()

  constructor(context: ExecutionContext, entries: readonly Entry[], isDue: (entry: Entry) => boolean) {
    this.#context = context
    this.#entries = entries
    this.#isDue = isDue
  }

  /** Invalidates all results: the state of the host may have changed. */
  invalidate(): void {
    this.#cached.clear()
    this.#applied.clear()
  }

  /** Whether the task's changes were already applied in an earlier task's batch, and are yet to be reported. */
  isApplied(index: number): boolean {
    return this.#applied.has(index)
  }

  /**
   * The result of a task's probe, prefetched or from a new round trip.
   * @param extra - scripts to run first in the same round trip; `onExtra` receives their results.
   */
  async probe(
    index: number,
    prepared: PreparedTask,
    extra: readonly string[],
    onExtra: (outcomes: ScriptResult[]) => void,
  ): Promise<ScriptResult> {
    const cached = this.#cached.get(index)
    if (cached?.prepared.probe.text === prepared.probe.text && extra.length === 0 && cached.outcome.long === undefined)
      return cached.outcome
    const entry = this.#entries[index] as Entry
    entry.target.connection.preconnect()
    await yieldToEventLoop()
    const ahead = await this.#prefetch(index + 1, entry)
    const outcomes = await this.#send(
      entry,
      timeLimitOf(entry, prepared.params),
      [
        ...extra.map((script) => ({ script, keep: this.#captureOptions(entry, 'probe') })),
        { script: prepared.probe, keep: this.#captureOptions(entry, 'probe') },
      ],
      ahead,
    )
    onExtra(outcomes.slice(0, extra.length))
    const outcome = outcomes[extra.length] as ScriptResult
    this.#cached.set(index, { prepared, outcome })
    return outcome
  }

  /** Applies a task's changes. Runs its probe again, unless the module evaluates the output of the changes. */
  async apply(
    index: number,
    prepared: PreparedTask,
    plan: Plan<unknown>,
    scripts: readonly string[],
  ): Promise<ChangeResult> {
    const entry = this.#entries[index] as Entry
    const earlier = this.#applied.get(index)
    this.#applied.delete(index)
    if (earlier !== undefined && earlier.scripts.join('\0') === scripts.join('\0'))
      return await this.#verify({ entry, prepared, scripts }, earlier)
    const first: PendingChange = {
      index,
      entry,
      prepared,
      scripts,
      reads: readsOf(entry, prepared, plan),
      sets: setsOf(entry, prepared, plan),
    }
    const { more, sets, last } = await this.#batchFrom(first)
    const group = [first, ...more]
    this.#invalidateAffected(sets, last)
    const { waits, comesBack } = entry.task.module
    const ahead = waits === true || comesBack !== undefined ? [] : await this.#prefetch(last + 1, entry)
    const steps = orderScripts(group)
    let outcomes: ScriptResult[]
    try {
      outcomes = await this.#send(
        entry,
        sum(group.map((change) => timeLimitOf(change.entry, change.prepared.params))),
        steps.map(({ change, script }) =>
          script === undefined
            ? { script: change.prepared.probe, keep: this.#captureOptions(change.entry, 'probe') }
            : { script, keep: this.#captureOptions(change.entry, 'change'), mustSucceed: true },
        ),
        ahead,
      )
    } catch (error) {
      // Some changes may have been applied.
      this.invalidate()
      throw error
    }
    const changed = group.map((change): ChangeResult => {
      const own = outcomes
        .map((outcome, i) => ({ outcome, step: steps[i] as OrderedScript }))
        .filter(({ step }) => step.change === change)
      return {
        changes: own.filter(({ step }) => step.script !== undefined).map(({ outcome }) => outcome),
        verify: own.find(({ step }) => step.script === undefined)?.outcome,
      }
    })
    more.forEach((change, i) => {
      const other = changed[i + 1] as ChangeResult
      if (other.changes.length > 0) this.#applied.set(change.index, { ...other, scripts: change.scripts })
    })
    this.#cached.delete(index)
    return await this.#verify(first, changed[0] as ChangeResult)
  }

  /** Verifies a change whose probe did not run because a later change in the batch failed. */
  async #verify(
    { entry, prepared, scripts }: Pick<PendingChange, 'entry' | 'prepared' | 'scripts'>,
    changed: ChangeResult,
  ): Promise<ChangeResult> {
    const complete =
      changed.changes.length === scripts.length && changed.changes.every(({ exitCode }) => exitCode === 0)
    if (!complete || changed.verify !== undefined || !isVerified(entry)) return changed
    const [verify] = await this.#send(
      entry,
      timeLimitOf(entry, prepared.params),
      [{ script: prepared.probe, keep: this.#captureOptions(entry, 'probe') }],
      [],
    )
    return { ...changed, verify }
  }

  /**
   * The changes of following tasks that can be applied in the same batch, the resource keys that all of them modify,
   * and the index of the last task.
   */
  async #batchFrom(first: PendingChange): Promise<{ more: PendingChange[]; sets: ResourceKeys; last: number }> {
    const { play, handlers, vars, host, state } = this.#context
    const more: PendingChange[] = []
    let all = first.sets
    const scope = state.registry.scope(host.name)
    for (
      let index = first.index + 1;
      canBatch(first.entry) && index < this.#entries.length && more.length < MAX_BATCH;
      index++
    ) {
      const entry = this.#entries[index] as Entry
      const cached = this.#cached.get(index)
      if (!this.#isDue(entry)) continue
      try {
        if (entry.once === undefined && !isConditionMet(entry.task, conditions(host.name, vars, scope))) continue
        if (
          entry.problem !== undefined ||
          cached === undefined ||
          cached.outcome.long !== undefined ||
          !canBatch(entry) ||
          !sameShell(first.entry, entry)
        )
          break
        const prepared = await prepare(entry.task, scope, state.reader)
        if (prepared.probe.text !== cached.prepared.probe.text) break
        const plan = planOf(entry, prepared, cached.outcome, vars)
        const reads = readsOf(entry, prepared, plan)
        if (plan.problem !== undefined || affects(all, reads)) break
        if (plan.changes.length === 0) continue
        const sets = setsOf(entry, prepared, plan)
        more.push({
          index,
          entry,
          prepared,
          scripts: allScripts(changeScripts(play, handlers, entry, plan)),
          reads,
          sets,
        })
        all = mergeKeys([all, sets])
      } catch (error) {
        if (isReportedLater(error)) break
        throw error
      }
    }
    return { more, sets: all, last: more.at(-1)?.index ?? first.index }
  }

  /**
   * Invalidates prefetched results that depend on the changes, and those of tasks with `register`. Tasks up to the last
   * changed one are unaffected: they were planned before the batch.
   */
  #invalidateAffected(sets: ResourceKeys, last: number): void {
    for (const [index, { prepared, outcome }] of this.#cached) {
      const entry = this.#entries[index] as Entry
      if (index <= last) continue
      const plan = planOf(entry, prepared, outcome, this.#context.vars)
      if (entry.task.keywords.register !== undefined || affects(sets, readsOf(entry, prepared, plan)))
        this.#cached.delete(index)
    }
  }

  /** Sends scripts, followed by the probes of later tasks. A `mustSucceed` script that fails ends the batch. */
  async #send(
    entry: Entry,
    timeLimitSeconds: number,
    own: readonly BatchItem[],
    ahead: readonly Prefetched[],
  ): Promise<ScriptResult[]> {
    const outcomes = await runBatch(
      entry.target.connection,
      [...own.map(({ script }) => script), ...ahead.map(({ prepared }) => prepared.probe)],
      {
        ...(entry.become === undefined ? {} : { become: entry.become }),
        timeLimitSeconds,
        requiredCount: own.length,
        capture: (script) => own[script]?.keep ?? { purpose: 'ahead' },
        mustSucceed: (script) => own[script]?.mustSucceed === true,
      },
    )
    outcomes.slice(own.length).forEach((outcome, i) => {
      const { index, prepared } = ahead[i] as Prefetched
      this.#cached.set(index, { prepared, outcome })
    })
    return outcomes.slice(0, own.length)
  }

  /** Output of tasks with `no_log` is never written to a file. */
  #captureOptions({ task, target }: Entry, purpose: 'change' | 'probe'): CaptureOptions {
    const { openOverflowFile: openSpool } = this.#context.state
    if (openSpool === undefined || task.keywords.no_log === true) return { purpose }
    return { purpose, openOverflowFile: (stream) => openSpool({ host: target.name, task: titleOf(task), stream }) }
  }

  /**
   * The probes of the tasks from index `from` that can run now in the same shell and have no result yet. Probes that
   * depend on a pending change are excluded: they would have to run again.
   */
  async #prefetch(from: number, first: Entry): Promise<Prefetched[]> {
    const { state, host, vars } = this.#context
    const ahead: Prefetched[] = []
    let pendingKeys: ResourceKeys = []
    const scope = state.registry.scope(host.name)
    for (let index = from; index < this.#entries.length && ahead.length < MAX_BATCH; index++) {
      const entry = this.#entries[index] as Entry
      if (!this.#isDue(entry)) continue
      if (
        entry.once !== undefined ||
        entry.problem !== undefined ||
        entry.task.module.waits ||
        !sameShell(first, entry)
      )
        break
      try {
        if (!isConditionMet(entry.task, conditions(host.name, vars, scope))) continue
        const prepared = await prepare(entry.task, scope, state.reader)
        const cached = this.#cached.get(index)
        if (cached?.prepared.probe.text === prepared.probe.text) {
          if (!this.isApplied(index))
            pendingKeys = mergeKeys([
              pendingKeys,
              setsOf(entry, prepared, planOf(entry, prepared, cached.outcome, vars)),
            ])
        } else if (!affects(pendingKeys, entry.task.module.reads?.(prepared.params))) {
          ahead.push({ index, prepared })
        }
      } catch (error) {
        if (isReportedLater(error)) break
        throw error
      }
    }
    return ahead
  }
}

interface Prefetched {
  readonly index: number
  readonly prepared: PreparedTask
}

interface BatchItem {
  readonly script: Script
  readonly keep: CaptureOptions
  readonly mustSucceed?: boolean
}

/** A script of a change; or undefined: the probe that verifies it. */
interface OrderedScript {
  readonly change: PendingChange
  readonly script: string | undefined
}

/**
 * Orders changes and their verifying probes. Probes run as late as possible, as adjacent probes share fact queries, but
 * before a change that affects what they read.
 */
function orderScripts(group: readonly PendingChange[]): OrderedScript[] {
  const ordered: OrderedScript[] = []
  let unverified: PendingChange[] = []
  const flush = (): void => {
    ordered.push(...unverified.map((change) => ({ change, script: undefined })))
    unverified = []
  }
  for (const change of group) {
    if (unverified.some(({ reads }) => affects(change.sets, reads))) flush()
    ordered.push(...change.scripts.map((script) => ({ change, script })))
    if (isVerified(change.entry)) unverified.push(change)
  }
  flush()
  return ordered
}

const isVerified = ({ task: { module } }: Entry): boolean => module.result === undefined

/** Errors of this kind are reported when the task itself runs. */
const isReportedLater = (error: unknown): boolean =>
  error instanceof UnresolvedReference ||
  error instanceof ConditionError ||
  error instanceof BadParameters ||
  error instanceof MissingInput

/**
 * Whether a task's changes can be batched: only their exit codes are evaluated before the next change, they end soon,
 * and no later task uses their values.
 */
function canBatch({ task: { module, keywords }, once }: Entry): boolean {
  const { register, until, retries, failed_when, timeout } = keywords
  return (
    once === undefined &&
    module.result === undefined &&
    module.waits !== true &&
    module.timeLimitSeconds === undefined &&
    [register, until, retries, failed_when, timeout].every((keyword) => keyword === undefined)
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
