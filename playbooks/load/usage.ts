import { setTimeout as sleep } from 'node:timers/promises'
import { type LabContext } from '../messages/say.ts'
import type { CpuUsage } from './bottleneck.ts'
import { type CpuReading, parseCpu, READ_CPU } from './cpu-reading.ts'

/** A container of the stack, such as `counter_counter.2` of service `counter_counter`. */
export interface StackContainer {
  readonly id: string
  readonly name: string
  readonly service: string
}

/**
 * CPU usage between two readings of each host.
 *
 * @param readings - by host; hosts on one machine, such as lab nodes, count as one machine.
 * @param replicas - containers to list; others count only for their node.
 */
export function cpuUsages(
  readings: Readonly<Record<string, readonly [CpuReading, CpuReading]>>,
  replicas: readonly StackContainer[],
): CpuUsage[] {
  const uses: CpuUsage[] = []
  const machines = new Map<string, { names: string[]; from: CpuReading; to: CpuReading }>()
  for (const [host, [from, to]] of Object.entries(readings)) {
    const seconds = to.uptime - from.uptime
    if (!(seconds > 0) || from.boot !== to.boot) continue
    for (const { id, name, service } of replicas) {
      const [before, after] = [from.containers[id], to.containers[id]]
      if (before === undefined || after === undefined) continue
      const periods = (after.periods ?? 0) - (before.periods ?? 0)
      uses.push({
        kind: 'container',
        name,
        service,
        cores: (after.cpu - before.cpu) / seconds,
        ...(after.limit === undefined ? {} : { limit: after.limit }),
        ...(periods > 0 ? { throttled: ((after.throttled ?? 0) - (before.throttled ?? 0)) / periods } : {}),
      })
    }
    // The node's share of the machine: without a limit; the machine's limit follows below.
    if (from.node !== undefined && to.node !== undefined)
      uses.push({ kind: 'node', name: host, cores: (to.node - from.node) / seconds })
    const machine = machines.get(to.boot)
    if (machine === undefined) machines.set(to.boot, { names: [host], from, to })
    else machine.names.push(host)
  }
  for (const { names, from, to } of machines.values()) {
    const all = to.machine.all - from.machine.all
    if (all <= 0) continue
    uses.push({
      kind: 'machine',
      name: names.join(', '),
      cores: ((to.machine.busy - from.machine.busy) / all) * to.cores,
      limit: to.cores,
    })
  }
  return uses
}

/** First and last reading of each host. */
export type CpuReadings = Readonly<Record<string, readonly [CpuReading, CpuReading]>>

/**
 * Reads the CPU accounting of hosts before and after `work`. Skips hosts that cannot be read.
 *
 * @param hosts - names of the inventory; `controller` is this machine.
 * @param afterSeconds - when the first reading is taken, such as after the warm-up of a load.
 */
export async function measureCpu<T>(
  on: Pick<LabContext, 'exec' | 'signal'>,
  hosts: readonly string[],
  afterSeconds: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly readings: CpuReadings }> {
  const ended = new AbortController()
  const first = sleep(afterSeconds * 1000, undefined, { signal: AbortSignal.any([ended.signal, on.signal]) })
    .catch(() => undefined)
    .then(() => readCpu(on, hosts))
  try {
    const result = await work()
    const last = await readCpu(on, hosts)
    const from = await first
    return {
      result,
      readings: Object.fromEntries(
        [...last].flatMap(([host, to]) => {
          const before = from.get(host)
          return before === undefined ? [] : [[host, [before, to] as const]]
        }),
      ),
    }
  } finally {
    ended.abort()
    await first
  }
}

/** One reading of each host that can be read, in one round trip each. */
async function readCpu(
  on: Pick<LabContext, 'exec'>,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, CpuReading>> {
  const readings = await Promise.all(
    hosts.map(async (host): Promise<[string, CpuReading][]> => {
      // No root needed, and a separate shell does not wait for other commands.
      const result = await on.exec({ host, command: READ_CPU, become: false, timeout: 10 }).catch(() => undefined)
      const reading = result === undefined ? undefined : parseCpu(result.stdout)
      return reading === undefined ? [] : [[host, reading]]
    }),
  )
  return new Map(readings.flat())
}
