import { metaActionOf } from '../modules/core/meta.ts'
import { yieldToEventLoop } from './event-loop.ts'
import { runBatch } from './run-host.ts'
import { affects, mergeKeys, type ResourceKeys } from './predicted-effects.ts'
import { isReportedLater } from './attempt-failure.ts'
import type { CaptureOptions } from './captured-output.ts'
import type { PreparedTask } from './prepare-task.ts'
import { sharesShell, type TaskExecution } from './task-execution.ts'
import { readsOf } from './task-resources.ts'
import type { TaskList } from './task-list.ts'
import type { CommandResult, Script } from '../shell/batch.ts'

/** Larger scripts delay the response without saving round trips. */
export const MAX_BATCH = 200

/** A script to send for a task. */
export interface BatchScript {
  readonly script: Script
  readonly capture: CaptureOptions
  /** If it fails, no later script of the batch runs. */
  readonly mustSucceed?: boolean
}

/** A probe to send before its task's turn. */
export interface Prefetch {
  readonly execution: TaskExecution
  readonly prepared: PreparedTask
}

/**
 * Probes a host in as few round trips as possible: with the probe of a task go those of the following tasks. A
 * prefetched result is used only if the task still has the identical probe, and nothing it depends on has changed.
 */
export class ProbeScheduler {
  readonly #list: TaskList

  constructor(list: TaskList) {
    this.#list = list
  }

  /** The result of a task's probe, prefetched or from a new round trip. */
  async probe(execution: TaskExecution, prepared: PreparedTask): Promise<CommandResult> {
    const { handlers } = execution.context
    const markerQuery = handlers.markerQuery
    const known = execution.probeResult(prepared)
    if (known !== undefined && markerQuery.length === 0 && known.long === undefined) return known
    execution.target.connection.preconnect()
    await yieldToEventLoop()
    const ahead = await this.prefetchAfter(execution)
    const capture = execution.captureOptions('probe')
    const results = await this.send(
      execution,
      execution.timeLimitSeconds(prepared),
      [...markerQuery, prepared.probe].map((script) => ({ script, capture })),
      ahead,
    )
    if (markerQuery.length > 0) handlers.acceptMarkers((results[0] as CommandResult).stdout)
    const result = results[markerQuery.length] as CommandResult
    execution.acceptProbe(prepared, result)
    return result
  }

  /**
   * The probes of the tasks after this one that can run now in the same shell and have no result yet. Probes that
   * depend on a pending change are excluded: they would have to run again.
   */
  async prefetchAfter(execution: TaskExecution): Promise<Prefetch[]> {
    const ahead: Prefetch[] = []
    let pendingKeys: ResourceKeys = []
    for (const next of this.#list.after(execution)) {
      const { once, problem, task, throttle } = next
      if (metaActionOf(task) !== undefined) continue
      const isAlone =
        once !== undefined || problem !== undefined || throttle !== undefined || task.module.waits === true
      if (ahead.length === MAX_BATCH || isAlone || !sharesShell(execution, next)) break
      try {
        if (!next.isConditionMet()) continue
        const prepared = await next.prepare()
        const result = next.probeResult(prepared)
        if (result !== undefined) {
          if (!next.isApplied) pendingKeys = mergeKeys([pendingKeys, next.sets(prepared, next.plan(prepared, result))])
        } else if (!affects(pendingKeys, readsOf(task, prepared.params))) {
          ahead.push({ execution: next, prepared })
        }
      } catch (error) {
        if (isReportedLater(error)) break
        throw error
      }
    }
    return ahead
  }

  /** Sends scripts of a task, followed by the probes of later tasks. @returns the results of the task's own. */
  async send(
    { target, become }: TaskExecution,
    timeLimitSeconds: number,
    own: readonly BatchScript[],
    ahead: readonly Prefetch[],
  ): Promise<CommandResult[]> {
    const results = await runBatch(
      target.connection,
      [...own.map(({ script }) => script), ...ahead.map(({ prepared }) => prepared.probe)],
      {
        ...(become === undefined ? {} : { become }),
        timeLimitSeconds,
        requiredCount: own.length,
        capture: (script) => own[script]?.capture ?? { purpose: 'ahead' },
        mustSucceed: (script) => own[script]?.mustSucceed === true,
      },
    )
    results.slice(own.length).forEach((result, i) => {
      const { execution, prepared } = ahead[i] as Prefetch
      execution.acceptProbe(prepared, result)
    })
    return results.slice(0, own.length)
  }
}
