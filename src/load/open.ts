import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { build } from 'hdr-histogram-js'
import { CEILINGS, type OpenPlan, type Target } from './plan.ts'
import { shuffledRound, seeded } from './random.ts'
import { send } from './request.ts'
import type { EndReason } from './result.ts'
import { TIMED_OUT_UNSENT, latencyOf, type Tally } from './tally.ts'

/**
 * Open model: sends requests at a constant arrival rate, whether or not earlier ones have completed. Latency counts
 * from the time a request was due, so it includes queueing (no coordinated omission).
 *
 * autocannon supports rates too, but its correction for coordinated omission is wrong: it passes 1 / rate in seconds as
 * the expected interval of a histogram in milliseconds, rounded up to 1 ms. Each response of a 20 ms server then adds
 * 19 fictitious ones of 19, 18, ... 1 ms. Due times need no correction.
 */
export async function open(
  plan: OpenPlan,
  tally: Tally,
  signal: AbortSignal,
): Promise<{ ended: EndReason; lateP99: number }> {
  const { targets, kinds, inFlight, timeLimit, reconnectEvery, seed } = plan
  const agents = targets.map(() => new http.Agent({ keepAlive: true, maxSockets: inFlight, scheduling: 'fifo' }))
  const places = shuffledRound(
    kinds.map(({ weight }) => weight),
    seeded(seed),
  )
  const late = build({ highestTrackableValue: 3_600_000_000 })
  const timeLimitMs = timeLimit * 1000
  const { wanted, due } = schedule(plan, tally.window.from)
  const all = Math.min(wanted, CEILINGS.requests)

  await new Promise<void>((resolve) => {
    let next = 0
    let active = 0
    let timer: NodeJS.Timeout | undefined
    const kindOf = (number: number): number => places[number % places.length] as number

    const start = (number: number, now: number): void => {
      const kind = kindOf(number)
      const place = number % targets.length
      active++
      late.recordValue(Math.max(0, Math.round((now - due(number)) * 1000)))
      void send({
        target: targets[place] as Target,
        kind: kinds[kind] as OpenPlan['kinds'][number],
        agent: agents[place] as http.Agent,
        timeLimitMs,
        // Per round over the targets, so that every target gets new connections.
        last:
          reconnectEvery !== undefined && Math.floor(number / targets.length) % reconnectEvery === reconnectEvery - 1,
      }).then((outcome) => {
        active--
        if (!signal.aborted) tally.add(kind, due(number), performance.now() - due(number), outcome)
        step()
      })
    }
    const step = (): void => {
      clearTimeout(timer)
      if (signal.aborted || (next >= all && active === 0)) {
        resolve()
        return
      }
      const now = performance.now()
      while (next < all && due(next) <= now) {
        if (now - due(next) >= timeLimitMs) {
          // Queued for as long as it would wait for a response.
          tally.add(kindOf(next), due(next), now - due(next), { error: TIMED_OUT_UNSENT })
          next++
        } else if (active < inFlight) {
          start(next++, now)
        } else break
      }
      // At the limit, a response or a timeout frees a slot and calls step() again.
      if (next < all && active < inFlight) timer = setTimeout(step, Math.max(1, due(next) - now))
    }
    signal.addEventListener('abort', step, { once: true })
    step()
  })
  for (const agent of agents) agent.destroy()
  return {
    ended: signal.aborted ? 'aborted' : all < wanted ? 'requests used up' : 'in time',
    lateP99: latencyOf(late).percentiles['99'] ?? 0,
  }
}

/**
 * When the requests of an open load are due. Computed from the plan, not from the clock: differences of
 * `performance.now()` are inexact, and one run in five lacked a request.
 *
 * @param from - start of the measurement window of a {@link Tally}, in milliseconds.
 * @returns the number of requests, including the warm-up, and the due time of each in milliseconds.
 */
export function schedule(
  { warmup, seconds, rate }: Pick<OpenPlan, 'warmup' | 'seconds' | 'rate'>,
  from: number,
): { wanted: number; due: (number: number) => number } {
  return {
    // 0.57 s at 100 a second are 56.99999999999999.
    wanted: Math.floor((warmup + seconds) * rate + 1e-6),
    due: (number) => from + (number / rate - warmup) * 1000,
  }
}
