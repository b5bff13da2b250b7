import { setMaxListeners } from 'node:events'
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { CEILINGS, type Target, type UsersPlan } from './plan.ts'
import { byWeight, seeded } from './random.ts'
import { send } from './request.ts'
import type { Ended, LoadResult, UsersSay } from './result.ts'
import type { Tally } from './tally.ts'

/**
 * Users: each sends a request, waits for the answer, thinks, and goes on. Each has a connection of its own to one of
 * the targets, as a browser has.
 */
export async function users(plan: UsersPlan, tally: Tally, signal: AbortSignal): Promise<{ ended: Ended }> {
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
  const nextKind = byWeight(
    kinds.map(({ weight }) => weight),
    random,
  )
  const { to } = tally.window
  const over = new AbortController()
  // Each user waits for it, and Node warns of more than ten who do.
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
    const ended = (): void => {
      agent.destroy()
    }
    over.signal.addEventListener('abort', ended, { once: true })
    // As if they had been at it for a while: not all come at once.
    await pause(random() * most)
    for (let requests = 1; !over.signal.aborted && sent < CEILINGS.requests; requests++) {
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
      // What was cut off because the time is over is no failure of the server.
      if (!over.signal.aborted) tally.add(kind, now, now - began, outcome)
      await pause(least + random() * (most - least))
    }
    over.signal.removeEventListener('abort', ended)
    agent.destroy()
  }
  await Promise.all(Array.from({ length: count }, (_, number) => user(number)))
  clearTimeout(timer)
  return { ended: signal.aborted ? 'aborted' : sent >= CEILINGS.requests ? 'requests used up' : 'in time' }
}

/** Measured and predicted may differ by so much: the draw of a short run and its edges. */
const TOLERANCE = 0.15
/** Users set the throughput where it is at least this part of what they could ask for at most. */
const NEAR_MOST = 0.9
const FEW = 100
/** Above, failed requests say more than their number. */
const FAILED = 0.01

/**
 * Says whether the users set the throughput: users / (think + latency) is what they get when nothing else limits them,
 * and users / think all they could ask for. Near the latter, more replicas cannot serve more, as nobody asks for it.
 *
 * @param limit - why the generator is the limit, if it is.
 */
export function usersSay(
  { users: count, think: [least, most] }: Pick<UsersPlan, 'users' | 'think'>,
  { total, seconds }: Pick<LoadResult, 'total' | 'seconds'>,
  limit: string | undefined,
): UsersSay {
  const meanThink = (least + most) / 2
  const meanLatency = total.latency.mean / 1000
  const predicted = count / (meanThink + meanLatency)
  const measured = seconds > 0 ? total.requests / seconds : 0
  const say = { users: count, meanThink, meanLatency, most: count / meanThink, predicted, measured }
  const part = measured / say.most
  const cannot = (why: string): UsersSay => ({ ...say, setByUsers: null, why })
  if (limit !== undefined) return cannot(limit)
  if (total.requests < FEW) return cannot(`${total.requests} requests are too few to tell`)
  if (total.failures / total.requests > FAILED) return cannot(`${total.failures} of ${total.requests} requests failed`)
  if (Math.abs(measured / predicted - 1) > TOLERANCE) {
    return cannot(
      `${measured.toFixed(1)} requests/s were measured where think time and latency predict ${predicted.toFixed(1)}`,
    )
  }
  return part >= NEAR_MOST
    ? {
        ...say,
        setByUsers: true,
        why: `${percent(part)} of what these users could ask for of servers that need no time at all`,
      }
    : {
        ...say,
        setByUsers: false,
        why: `users wait ${Math.round(meanLatency * 1000)} ms for each answer, and ask for ${percent(part)} of what they could`,
      }
}

const percent = (part: number): string => `${Math.round(part * 100)} %`
