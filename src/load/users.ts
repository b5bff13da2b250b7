import { setMaxListeners } from 'node:events'
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from '../events/message.ts'
import { CEILINGS, type Target, type UsersPlan } from './plan.ts'
import { weightedChoice, seeded } from './random.ts'
import { send } from './request.ts'
import type { EndReason, LoadResult, UsersAnalysis } from './result.ts'
import type { Tally } from './tally.ts'
import { percents, loadMessage } from './texts.ts'

/**
 * Users with think time: each sends a request, waits for the response, thinks, and repeats, on its own connection to
 * one of the targets.
 */
export async function users(plan: UsersPlan, tally: Tally, signal: AbortSignal): Promise<{ ended: EndReason }> {
  const {
    targets,
    kinds,
    users: count,
    think: [least, most],
    timeLimit,
    reconnectEvery,
    seed,
  } = plan
  const random = seeded(seed)
  const nextKind = weightedChoice(
    kinds.map(({ weight }) => weight),
    random,
  )
  const { to } = tally.window
  const over = new AbortController()
  // One listener per user; Node would warn above 10.
  setMaxListeners(0, over.signal)
  const stop = (): void => {
    over.abort()
  }
  signal.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(stop, to - performance.now())
  let sent = 0

  const pause = (seconds: number): Promise<void> =>
    sleep(seconds * 1000, undefined, { signal: over.signal }).catch(() => undefined)
  const user = async (number: number): Promise<void> => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const isOver = (): boolean => over.signal.aborted
    const ended = (): void => {
      agent.destroy()
    }
    over.signal.addEventListener('abort', ended, { once: true })
    // Spread the start of the users.
    await pause(random() * most)
    for (let requests = 1; !isOver() && sent < CEILINGS.requests; requests++) {
      sent++
      const kind = nextKind()
      const began = performance.now()
      const last = reconnectEvery !== undefined && requests % reconnectEvery === 0
      const outcome = await send({
        target: targets[number % targets.length] as Target,
        kind: kinds[kind] as UsersPlan['kinds'][number],
        agent,
        timeLimitMs: timeLimit * 1000,
        last,
      })
      const now = performance.now()
      // A request aborted at the end of the load is no failure.
      if (!isOver()) tally.add(kind, now, now - began, outcome)
      await pause(least + random() * (most - least))
    }
    over.signal.removeEventListener('abort', ended)
    agent.destroy()
  }
  await Promise.all(Array.from({ length: count }, (_, number) => user(number)))
  clearTimeout(timer)
  return { ended: signal.aborted ? 'aborted' : sent >= CEILINGS.requests ? 'requests used up' : 'in time' }
}

/** Allowed deviation of measured from predicted throughput: short runs are noisy. */
const TOLERANCE = 0.15
/** Users are the bottleneck if throughput reaches this ratio of their maximum. */
const NEAR_MOST = 0.9
const FEW = 100
/** Maximum ratio of failed requests for a conclusion. */
const FAILED = 0.01

/**
 * Determines whether the users are the bottleneck. By Little's law they request users / (think + latency) per second,
 * and at most users / think. Near the maximum, more replicas cannot serve more.
 *
 * @param limit - why the generator is the bottleneck, if it is.
 */
export function analyzeUsers(
  { users: count, think: [least, most] }: Pick<UsersPlan, 'users' | 'think'>,
  { total, seconds }: Pick<LoadResult, 'total' | 'seconds'>,
  limit: Message | undefined,
): UsersAnalysis {
  const meanThink = (least + most) / 2
  const meanLatency = total.latency.mean / 1000
  const predicted = count / (meanThink + meanLatency)
  const measured = seconds > 0 ? total.requests / seconds : 0
  const base = { users: count, meanThink, meanLatency, most: count / meanThink, predicted, measured }
  const ratio = measured / base.most
  const inconclusive = (why: Message): UsersAnalysis => ({ ...base, setByUsers: null, why })
  if (limit !== undefined) return inconclusive(limit)
  if (total.requests < FEW)
    return inconclusive(loadMessage('{requests} requests are too few', { requests: total.requests }))
  if (total.failures / total.requests > FAILED)
    return inconclusive(
      loadMessage('{failed} of {sent} requests failed', { failed: total.failures, sent: total.requests }),
    )
  if (Math.abs(measured / predicted - 1) > TOLERANCE) {
    return inconclusive(
      loadMessage('measured {measured} requests/s; think time and latency predict {predicted}', {
        measured: measured.toFixed(1),
        predicted: predicted.toFixed(1),
      }),
    )
  }
  return ratio >= NEAR_MOST
    ? {
        ...base,
        setByUsers: true,
        why: loadMessage('users requested {percent} % of their maximum at zero latency', { percent: percents(ratio) }),
      }
    : {
        ...base,
        setByUsers: false,
        why: loadMessage('users waited {latency} ms per response and requested {percent} % of their maximum', {
          latency: Math.round(meanLatency * 1000),
          percent: percents(ratio),
        }),
      }
}
