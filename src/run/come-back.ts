import { setTimeout as sleep } from 'node:timers/promises'
import { BecomeFailed, TimeLimit, Unreachable } from '../connection/connection.ts'
import type { ComesBack } from '../modules/module.ts'
import type { Outcome } from '../shell/batch.ts'
import type { Entry } from './entry.ts'
import { CutShort, runBatch } from './host.ts'
import { Interrupted } from './state.ts'
import { stopwatch } from './stopwatch.ts'

const FIRST_PAUSE_SECONDS = 1
const LONGEST_PAUSE_SECONDS = 12
/** One look may take this long: a host on its way down may take the question and never answer. */
const LOOK_SECONDS = 60

/**
 * Waits until a host that was sent away is back. A line that breaks, a host that does not answer and one that refuses
 * us are what is to be expected meanwhile.
 *
 * @param before - what the task's own probe saw.
 * @returns what the last look saw, or why the host is not back.
 * @throws {Interrupted} when the user interrupts.
 */
export async function awaitReturn<P>(
  { target, become }: Entry,
  comesBack: ComesBack<P>,
  params: P,
  before: Outcome,
  signal: AbortSignal,
): Promise<Outcome | string> {
  const pause = (seconds: number): Promise<void> =>
    sleep(seconds * 1000, undefined, { signal }).catch(() => {
      throw new Interrupted()
    })
  const look = async (): Promise<Outcome> => {
    const options = { ...(become === undefined ? {} : { become }), timeLimitSeconds: LOOK_SECONDS }
    return (await runBatch(target.connection, [comesBack.probe(params)], options))[0] as Outcome
  }
  await pause(comesBack.afterSeconds(params))
  const within = comesBack.withinSeconds(params)
  const watch = stopwatch()
  for (let wait = FIRST_PAUSE_SECONDS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_SECONDS)) {
    let missing: string
    try {
      const now = await look()
      const still = comesBack.missing(params, before, now)
      if (still === undefined) return now
      missing = still
    } catch (error) {
      if (signal.aborted) throw new Interrupted()
      if (![Unreachable, TimeLimit, BecomeFailed, CutShort].some((type) => error instanceof type)) throw error
      missing = (error as Error).message
    }
    const left = within - watch.elapsed() / 1000
    if (left <= 0) return `not back after ${within} s: ${missing}`
    await pause(Math.min(wait, left))
  }
}
