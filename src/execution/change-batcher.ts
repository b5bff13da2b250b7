import { metaActionOf } from '../modules/core/meta.ts'
import type { Plan } from '../modules/module.ts'
import type { CommandResult } from '../shell/batch.ts'
import { isReportedLater } from './attempt-failure.ts'
import { allScripts, changeScripts } from './change-scripts.ts'
import { affects, mergeKeys, type ResourceKeys } from './predicted-effects.ts'
import type { PreparedTask } from './prepare-task.ts'
import { MAX_BATCH, type ProbeScheduler } from './probe-scheduler.ts'
import { sharesShell, type AppliedChange, type TaskExecution } from './task-execution.ts'
import type { TaskList } from './task-list.ts'

/** A change to send to the host. */
interface PendingChange {
  readonly execution: TaskExecution
  readonly prepared: PreparedTask
  readonly scripts: readonly string[]
  /** Resource keys that the plan depends on, and those its changes modify. */
  readonly reads: ResourceKeys
  readonly sets: ResourceKeys
}

/**
 * Changes a host in as few round trips as possible: with the changes of a task go those of following tasks that are
 * already probed and independent of earlier changes in the batch. Dependencies follow from the `reads` and `sets` of
 * modules.
 */
export class ChangeBatcher {
  readonly #list: TaskList
  readonly #probes: ProbeScheduler

  constructor(list: TaskList, probes: ProbeScheduler) {
    this.#list = list
    this.#probes = probes
  }

  /** Applies a task's changes. Runs its probe again, unless the module evaluates the output of the changes. */
  async apply(
    execution: TaskExecution,
    prepared: PreparedTask,
    plan: Plan<unknown>,
    scripts: readonly string[],
  ): Promise<AppliedChange> {
    const earlier = execution.takeApplied(scripts)
    const first = pendingChange(execution, prepared, plan, scripts)
    if (earlier !== undefined) return await this.#verify(first, earlier)
    const following = await this.#batchAfter(first)
    const batch = [first, ...following]
    const last = batch.at(-1)?.execution ?? execution
    this.#forgetAffected(mergeKeys(batch.map(({ sets }) => sets)), last)
    const { waits, comesBack } = execution.task.module
    const ahead = waits === true || comesBack !== undefined ? [] : await this.#probes.prefetchAfter(last)
    const ordered = orderScripts(batch)
    let results: CommandResult[]
    try {
      results = await this.#probes.send(
        execution,
        sum(batch.map((change) => change.execution.timeLimitSeconds(change.prepared))),
        ordered.map(({ change, script }) =>
          script === undefined
            ? { script: change.prepared.probe, capture: change.execution.captureOptions('probe') }
            : { script, capture: change.execution.captureOptions('change'), mustSucceed: true },
        ),
        ahead,
      )
    } catch (error) {
      // Some changes may have been applied.
      this.#list.forgetProbes()
      throw error
    }
    for (const change of following) {
      const applied = appliedOf(change, ordered, results)
      if (applied.changes.length > 0) change.execution.acceptApplied(change.scripts, applied)
    }
    execution.forgetProbe()
    return await this.#verify(first, appliedOf(first, ordered, results))
  }

  /** Verifies a change whose probe did not run because a later change in the batch failed. */
  async #verify({ execution, prepared, scripts }: PendingChange, applied: AppliedChange): Promise<AppliedChange> {
    const complete =
      applied.changes.length === scripts.length && applied.changes.every(({ exitCode }) => exitCode === 0)
    if (!complete || applied.verify !== undefined || !execution.isVerified) return applied
    const [verify] = await this.#probes.send(
      execution,
      execution.timeLimitSeconds(prepared),
      [{ script: prepared.probe, capture: execution.captureOptions('probe') }],
      [],
    )
    return { ...applied, verify }
  }

  /** The changes of following tasks that can be applied in the same batch. */
  async #batchAfter(first: PendingChange): Promise<PendingChange[]> {
    const following: PendingChange[] = []
    if (!first.execution.canBatch) return following
    let pendingKeys = first.sets
    for (const next of this.#list.after(first.execution)) {
      if (following.length === MAX_BATCH || metaActionOf(next.task) !== undefined) break
      try {
        if (next.once === undefined && !next.isConditionMet()) continue
        if (next.problem !== undefined || !next.isProbed || !next.canBatch || !sharesShell(first.execution, next)) break
        const prepared = await next.prepare()
        const result = next.probeResult(prepared)
        if (result === undefined || result.long !== undefined) break
        const plan = next.plan(prepared, result)
        if (plan.problem !== undefined || !next.isApproved(plan) || affects(pendingKeys, next.reads(prepared, plan)))
          break
        if (plan.changes.length === 0) continue
        const change = pendingChange(next, prepared, plan, allScripts(changeScripts(next, plan)))
        following.push(change)
        pendingKeys = mergeKeys([pendingKeys, change.sets])
      } catch (error) {
        if (isReportedLater(error)) break
        throw error
      }
    }
    return following
  }

  /**
   * Forgets prefetched results that depend on the changes, and those of tasks with `register`. Tasks up to the last
   * changed one are unaffected: they were planned before the batch.
   */
  #forgetAffected(sets: ResourceKeys, last: TaskExecution): void {
    for (const execution of this.#list.executions) {
      if (!execution.isProbed || !this.#list.isAfter(execution, last)) continue
      if (execution.task.keywords.register !== undefined || affects(sets, execution.probedReads()))
        execution.forgetProbe()
    }
  }
}

const pendingChange = (
  execution: TaskExecution,
  prepared: PreparedTask,
  plan: Plan<unknown>,
  scripts: readonly string[],
): PendingChange => ({
  execution,
  prepared,
  scripts,
  reads: execution.reads(prepared, plan),
  sets: execution.sets(prepared, plan),
})

/** A script of a change; or undefined: the probe that verifies it. */
interface OrderedScript {
  readonly change: PendingChange
  readonly script: string | undefined
}

/**
 * Orders changes and their verifying probes. Probes run as late as possible, as adjacent probes share fact queries, but
 * before a change that affects what they read.
 */
function orderScripts(batch: readonly PendingChange[]): OrderedScript[] {
  const ordered: OrderedScript[] = []
  let unverified: PendingChange[] = []
  const flush = (): void => {
    ordered.push(...unverified.map((change) => ({ change, script: undefined })))
    unverified = []
  }
  for (const change of batch) {
    if (unverified.some(({ reads }) => affects(change.sets, reads))) flush()
    ordered.push(...change.scripts.map((script) => ({ change, script })))
    if (change.execution.isVerified) unverified.push(change)
  }
  flush()
  return ordered
}

/** The results of one change of a batch; fewer than scripts if one failed. */
function appliedOf(
  change: PendingChange,
  ordered: readonly OrderedScript[],
  results: readonly CommandResult[],
): AppliedChange {
  const own = results
    .map((result, i) => ({ result, ordered: ordered[i] as OrderedScript }))
    .filter((each) => each.ordered.change === change)
  return {
    changes: own.filter((each) => each.ordered.script !== undefined).map(({ result }) => result),
    verify: own.find((each) => each.ordered.script === undefined)?.result,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
