import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { build } from 'hdr-histogram-js'
import { CEILINGS, type OpenPlan, type Target } from './plan.ts'
import { round, seeded } from './random.ts'
import { send } from './request.ts'
import type { Ended } from './result.ts'
import { UNSENT, latencyOf, type Tally } from './tally.ts'

/**
 * Sends requests at a fixed rate, each at its own moment, whether or not earlier ones have been answered. Latency
 * counts from the moment a request was due, so that one that has to wait for its turn shows its waiting.
 *
 * autocannon knows rates as well, and corrects its latencies. Its correction is not used, because it is wrong: it hands
 * the histogram 1 / rate as the expected interval, in seconds where latencies are milliseconds, rounded up to 1 ms.
 * Each answer of a 20 ms server then adds nineteen made-up ones of 19, 18, ... 1 ms. A due moment for each request
 * needs no correction.
 */
export async function open(
  plan: OpenPlan,
  tally: Tally,
  signal: AbortSignal,
): Promise<{ ended: Ended; lateP99: number }> {
  const { targets, kinds, inFlight, timeLimit, reconnectEvery, seed } = plan
  const agents = targets.map(() => new http.Agent({ keepAlive: true, maxSockets: inFlight, scheduling: 'fifo' }))
  const places = round(
    kinds.map(({ weight }) => weight),
    seeded(seed),
  )
  const late = build({ highestTrackableValue: 3_600_000_000 })
  const timeLimitMs = timeLimit * 1000
  const { wanted, due } = schedule(plan, tally.window.from)
  const all = Math.min(wanted, CEILINGS.requests)

  await new Promise<void>((resolve) => {
    let next = 0
    let underWay = 0
    let timer: NodeJS.Timeout | undefined
    const kindOf = (number: number): number => places[number % places.length] as number

    const start = (number: number, now: number): void => {
      const kind = kindOf(number)
      const place = number % targets.length
      underWay++
      late.recordValue(Math.max(0, Math.round((now - due(number)) * 1000)))
      void send({
        target: targets[place] as Target,
        kind: kinds[kind] as OpenPlan['kinds'][number],
        agent: agents[place] as http.Agent,
        timeLimitMs,
        // By the round of targets, so that each target's connections are made anew in turn.
        last:
          reconnectEvery !== undefined && Math.floor(number / targets.length) % reconnectEvery === reconnectEvery - 1,
      }).then((outcome) => {
        underWay--
        if (!signal.aborted) tally.add(kind, due(number), performance.now() - due(number), outcome)
        step()
      })
    }
    const step = (): void => {
      clearTimeout(timer)
      if (signal.aborted || (next >= all && underWay === 0)) return resolve()
      const now = performance.now()
      while (next < all && due(next) <= now) {
        if (now - due(next) >= timeLimitMs) {
          // It has waited for room as long as it would wait for an answer.
          tally.add(kindOf(next), due(next), now - due(next), { error: UNSENT })
          next++
        } else if (underWay < inFlight) {
          start(next++, now)
        } else break
      }
      // With all under way, an answer or a time limit is what makes room.
      if (next < all && underWay < inFlight) timer = setTimeout(step, Math.max(1, due(next) - now))
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
 * When the requests of an open load are due. Reckoned from what the plan says, not from the clock: the difference of
 * two moments of `performance.now()` is seldom exactly the seconds between them, and one time in five a request was
 * missing.
 *
 * @param from - the moment from which on requests count, in milliseconds, as of a {@link Tally}'s window.
 * @returns how many there are, warm-up included, and when each of them is due, in milliseconds.
 */
export function schedule(
  { warmup, seconds, rate }: Pick<OpenPlan, 'warmup' | 'seconds' | 'rate'>,
  from: number,
): { wanted: number; due(number: number): number } {
  return {
    // 0.57 s at 100 a second are 56.99999999999999.
    wanted: Math.floor((warmup + seconds) * rate + 1e-6),
    due: (number) => from + (number / rate - warmup) * 1000,
  }
}
