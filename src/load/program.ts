import os from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { closed } from './closed.ts'
import { generatorLimit, startMeter, type GeneratorUse } from './meter.ts'
import { open } from './open.ts'
import { readPlan, type Plan } from './plan.ts'
import type { Ended, LoadResult } from './result.ts'
import { Tally, type Counted } from './tally.ts'
import { users, usersSay } from './users.ts'

/** What one of several generators did, with all that is needed to add it up with what the others did. */
export interface LoadPart {
  readonly result: LoadResult
  readonly counted: Counted
}

/**
 * Puts a load on servers, from this process.
 *
 * @throws {Refusal} where there is no such plan.
 */
async function load(given: unknown, signal: AbortSignal): Promise<LoadPart> {
  const plan = readPlan(given)
  const began = performance.now()
  const from = began + plan.warmup * 1000
  const tally = new Tally(plan.kinds, { from, to: from + plan.seconds * 1000 })
  const start = new Date(Date.now() + plan.warmup * 1000).toISOString()
  const measured = measureFrom(plan, signal)
  const { ended, lateP99 } = await put(plan, tally, signal)
  const generator = await measured()
  const figures = tally.figures(performance.now())
  const result: LoadResult = {
    plan,
    start,
    ended,
    ...figures,
    generator,
    ...(lateP99 === undefined ? {} : { lateP99 }),
    ...(plan.way === 'users' ? { users: usersSay(plan, figures, generatorLimit(generator)) } : {}),
  }
  return { result, counted: tally.dump() }
}

function put(plan: Plan, tally: Tally, signal: AbortSignal): Promise<{ ended: Ended; lateP99?: number }> {
  switch (plan.way) {
    case 'closed':
      return closed(plan, tally, signal)
    case 'open':
      return open(plan, tally, signal)
    case 'users':
      return users(plan, tally, signal)
  }
}

/** Measures this process in the time that counts. What is returned waits for nothing. */
function measureFrom({ warmup, seconds }: Plan, signal: AbortSignal): () => Promise<GeneratorUse> {
  // Not AbortSignal.any: hosts that send may have Node 18.
  const over = new AbortController()
  const abort = (): void => {
    over.abort()
  }
  signal.addEventListener('abort', abort, { once: true })
  const measured = (async () => {
    await sleep(warmup * 1000, undefined, { signal: over.signal }).catch(() => undefined)
    const meter = startMeter()
    await sleep(seconds * 1000, undefined, { signal: over.signal }).catch(() => undefined)
    return meter()
  })()
  return () => {
    signal.removeEventListener('abort', abort)
    over.abort()
    return measured
  }
}

/**
 * Programs for src/cli/worker.mjs. A load ends early, and tells what it has, when it is told to or when who started it
 * is gone.
 */
export const programs = {
  load: async (request: unknown): Promise<LoadResult> => (await untilTold(request)).result,
}

/** A load that ends with SIGTERM, SIGINT, or with who started it. */
export async function untilTold(request: unknown): Promise<LoadPart> {
  const stop = new AbortController()
  const abort = (): void => {
    stop.abort()
  }
  process.on('SIGTERM', abort)
  process.on('SIGINT', abort)
  process.on('disconnect', abort)
  comeFirst()
  try {
    return await load(request, stop.signal)
  } finally {
    process.off('SIGTERM', abort)
    process.off('SIGINT', abort)
    process.off('disconnect', abort)
  }
}

/**
 * On a machine that its own load fills, as that of a lab, it would wait for a core that it hardly needs, and be the
 * limit for that. Only root may.
 */
function comeFirst(): void {
  try {
    os.setPriority(os.constants.priority.PRIORITY_HIGH)
  } catch {
    // What it then waits for shows in what it measures of itself.
  }
}
