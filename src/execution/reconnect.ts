import { setTimeout as sleep } from 'node:timers/promises'
import { BecomeFailed, TimeLimit, Unreachable } from '../connection/connection.ts'
import type { ReconnectOptions } from '../modules/module.ts'
import type { CommandResult } from '../shell/batch.ts'
import type { TaskTarget } from './task-target.ts'
import { BatchIncomplete, runBatch } from './run-host.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import { stopwatch } from './stopwatch.ts'

const FIRST_PAUSE_SECONDS = 1
const LONGEST_PAUSE_SECONDS = 12
/** A host that is shutting down may accept a probe and never answer. */
const PROBE_TIMEOUT_SECONDS = 60

/**
 * Waits until a host has reconnected. Lost, refused and unanswered connections are expected meanwhile.
 *
 * @param before - the result of the task's own probe.
 * @returns the result of the last probe, or why the host has not reconnected.
 * @throws {Interrupted} the user interrupted the run.
 */
export async function waitForReconnect<P>(
  { target, become }: Pick<TaskTarget, 'target' | 'become'>,
  comesBack: ReconnectOptions<P>,
  params: P,
  before: CommandResult,
  signal: AbortSignal,
): Promise<CommandResult | string> {
  const pause = (seconds: number): Promise<void> =>
    sleep(seconds * 1000, undefined, { signal }).catch(() => {
      throw new Interrupted()
    })
  const probe = async (): Promise<CommandResult> => {
    const options = { ...(become === undefined ? {} : { become }), timeLimitSeconds: PROBE_TIMEOUT_SECONDS }
    return (await runBatch(target.connection, [comesBack.probe(params)], options))[0] as CommandResult
  }
  await pause(comesBack.delaySeconds(params))
  const within = comesBack.timeoutSeconds(params)
  const watch = stopwatch()
  for (let pauseSeconds = FIRST_PAUSE_SECONDS; ; pauseSeconds = Math.min(pauseSeconds * 2, LONGEST_PAUSE_SECONDS)) {
    let missing: string
    try {
      const current = await probe()
      const still = comesBack.pendingReason(params, before, current)
      if (still === undefined) return current
      missing = still
    } catch (error) {
      if (signal.aborted) throw new Interrupted()
      if (![Unreachable, TimeLimit, BecomeFailed, BatchIncomplete].some((type) => error instanceof type)) throw error
      missing = (error as Error).message
    }
    const left = within - watch.elapsed() / 1000
    if (left <= 0) return `not connected after ${within} s: ${missing}`
    await pause(Math.min(pauseSeconds, left))
  }
}
