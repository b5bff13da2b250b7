import os from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { closed } from './closed.ts'
import { generatorLimit, startMeter, type GeneratorUsage } from './meter.ts'
import { open } from './open.ts'
import { readPlan, type Plan } from './plan.ts'
import type { EndReason, LoadResult } from './result.ts'
import { Tally, type TallySnapshot } from './tally.ts'
import { users, analyzeUsers } from './users.ts'

/** The result of one of several generators, with the counts to merge it with the others. */
export interface LoadPart {
  readonly result: LoadResult
  readonly counted: TallySnapshot
}

/**
 * Runs a load in this process.
 *
 * @throws {Refusal} if the plan is invalid.
 */
async function load(input: unknown, signal: AbortSignal): Promise<LoadPart> {
  const plan = readPlan(input)
  const began = performance.now()
  const from = began + plan.warmup * 1000
  const tally = new Tally(plan.kinds, { from, to: from + plan.seconds * 1000 })
  const start = new Date(Date.now() + plan.warmup * 1000).toISOString()
  const measured = measureFrom(plan, signal)
  const stopReports = reportProgress(tally)
  const { ended, lateP99 } = await execute(plan, tally, signal).finally(stopReports)
  const generator = await measured()
  const figures = tally.figures(performance.now())
  const result: LoadResult = {
    plan,
    start,
    ended,
    ...figures,
    generator,
    ...(lateP99 === undefined ? {} : { lateP99 }),
    ...(plan.way === 'users' ? { users: analyzeUsers(plan, figures, generatorLimit(generator)) } : {}),
  }
  return { result, counted: tally.dump() }
}

const REPORT_MS = 1000

/** Reports the progress to the parent process, if it listens. @returns ends the reports. */
function reportProgress(tally: Tally): () => void {
  if (process.send === undefined) return () => undefined
  const timer = setInterval(() => {
    const progress = tally.progress(performance.now())
    if (progress !== undefined) process.send?.(progress)
  }, REPORT_MS)
  return () => {
    clearInterval(timer)
  }
}

function execute(plan: Plan, tally: Tally, signal: AbortSignal): Promise<{ ended: EndReason; lateP99?: number }> {
  switch (plan.way) {
    case 'closed':
      return closed(plan, tally, signal)
    case 'open':
      return open(plan, tally, signal)
    case 'users':
      return users(plan, tally, signal)
  }
}

/** Measures this process during the measurement window. The returned function stops at once. */
function measureFrom({ warmup, seconds }: Plan, signal: AbortSignal): () => Promise<GeneratorUsage> {
  // Not AbortSignal.any: generators may run on Node 18.
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
 * Programs for src/bundle/worker.mjs. A load ends early, with a partial result, on a signal or when the parent process
 * is gone.
 */
export const programs = {
  load: async (request: unknown): Promise<LoadResult> => (await loadUntilSignal(request)).result,
}

/** Runs a load until it ends, or until SIGTERM, SIGINT, or the end of the parent process. */
export async function loadUntilSignal(request: unknown): Promise<LoadPart> {
  const stop = new AbortController()
  const abort = (): void => {
    stop.abort()
  }
  process.on('SIGTERM', abort)
  process.on('SIGINT', abort)
  process.on('disconnect', abort)
  raisePriority()
  try {
    return await load(request, stop.signal)
  } finally {
    process.off('SIGTERM', abort)
    process.off('SIGINT', abort)
    process.off('disconnect', abort)
  }
}

/**
 * On a machine that its own load saturates, such as a lab, the generator would wait for a core and become the
 * bottleneck. Needs root.
 */
function raisePriority(): void {
  try {
    os.setPriority(os.constants.priority.PRIORITY_HIGH)
  } catch {
    // The measured lag shows it.
  }
}
