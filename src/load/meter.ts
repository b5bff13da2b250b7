import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Message } from '../events/message.ts'
import { percents, loadMessage } from './texts.ts'

/** Resource use of the load generator itself. */
export interface GeneratorUsage {
  /** CPU time (user and system) per second: at most about 1, since it sends from one thread. */
  readonly cores: number
  /** Event loop utilization, 0 to 1. Includes time in which other processes had the core. */
  readonly busy: number
  /** Event loop lag, in milliseconds. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number }
}

const RESOLUTION_MS = 10

/** Starts to measure this process. Returns a function that stops and reports. */
export function startMeter(): () => GeneratorUsage {
  const began = performance.now()
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  // Values are nanoseconds between two samples, including the sampling interval itself.
  const lag = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0
  return () => {
    delay.disable()
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - began) / 1000
    return {
      cores: seconds > 0 ? (user + system) / 1e6 / seconds : 0,
      busy: performance.eventLoopUtilization(loop).utilization,
      delay: { p50: lag(delay.percentile(50)), p99: lag(delay.percentile(99)), max: lag(delay.max) },
    }
  }
}

/** Above these limits the test measures the generator, not the servers. */
const BUSY = 0.9
const LATE_MS = 100

/**
 * Why the generator is the bottleneck; undefined if it is not.
 *
 * @param lateP99 - lag of the requests of an open load, in milliseconds.
 */
export function generatorLimit({ cores, busy, delay }: GeneratorUsage, lateP99?: number): Message | undefined {
  if (cores >= BUSY) return loadMessage('the generator used {percent} % of its one core', { percent: percents(cores) })
  if (busy >= BUSY)
    return loadMessage('the generator was busy {percent} % of the time, with {cores} % of a core', {
      percent: percents(busy),
      cores: percents(cores),
    })
  if (delay.p99 >= LATE_MS) return loadMessage('the generator lagged {ms} ms (p99)', { ms: Math.round(delay.p99) })
  if (lateP99 !== undefined && lateP99 >= LATE_MS)
    return loadMessage('requests were sent {ms} ms late (p99)', { ms: Math.round(lateP99) })
  return undefined
}
