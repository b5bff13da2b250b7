import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** What the generator itself needed while it loaded others. */
export interface GeneratorUse {
  /** Of one core, of user and system together: it sends from one thread. */
  readonly cores: number
  /** Part of the time in which it had something to do, also when others had the core: 0 to 1. */
  readonly busy: number
  /** Milliseconds by which its timers came late. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number }
}

const RESOLUTION_MS = 10

/** Begins to measure this process. Call what it returns, at any time, for what it has used since. */
export function startMeter(): () => GeneratorUse {
  const began = performance.now()
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  // Its values are nanoseconds between two looks, of which the wished-for distance is no delay.
  const late = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0
  return () => {
    delay.disable()
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - began) / 1000
    return {
      cores: seconds > 0 ? (user + system) / 1e6 / seconds : 0,
      busy: performance.eventLoopUtilization(loop).utilization,
      delay: { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) },
    }
  }
}

/** From here on it is the generator that is measured, not the servers. */
const BUSY = 0.9
const LATE_MS = 100

/**
 * Why the generator is the limit, or undefined where it is not.
 *
 * @param lateP99 - milliseconds by which requests of an open load were sent late.
 */
export function generatorLimit({ cores, busy, delay }: GeneratorUse, lateP99?: number): string | undefined {
  const percent = (part: number): string => `${Math.round(part * 100)} %`
  if (cores >= BUSY) return `the generator used ${percent(cores)} of the one core it can use`
  if (busy >= BUSY)
    return `the generator had work to do ${percent(busy)} of the time, and ${percent(cores)} of a core to do it with`
  if (delay.p99 >= LATE_MS) return `the generator came ${Math.round(delay.p99)} ms late (99th percentile)`
  if (lateP99 !== undefined && lateP99 >= LATE_MS)
    return `requests were sent ${Math.round(lateP99)} ms late (99th percentile)`
  return undefined
}
