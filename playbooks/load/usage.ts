import { setTimeout as sleep } from 'node:timers/promises'
import type { ExperimentContext } from 'labbook'
import type { CpuUsage } from './bottleneck.ts'

/** CPU accounting of a host at a point in time. All times are seconds. */
export interface CpuReading {
  /** Boot ID of the kernel: hosts with the same ID are the same machine. */
  readonly boot: string
  /** Since the kernel started. */
  readonly uptime: number
  readonly cores: number
  /** Sum over all cores, in ticks. */
  readonly machine: { readonly busy: number; readonly all: number }
  /** CPU time of the host's own cgroup, if it shares a machine. */
  readonly node?: number
  readonly containers: Readonly<Record<string, ContainerReading>>
}

interface ContainerReading {
  readonly cpu: number
  /** Limit in cores. */
  readonly limit?: number
  readonly periods: number
  readonly throttled: number
}

const ROOTS = ['', '/cpu,cpuacct', '/cpuacct', '/cpu', '/unified'].map((root) => `/sys/fs/cgroup${root}`)
/** cgroup paths of containers, for both cgroup drivers of Docker. */
const CONTAINER_PATHS = ['docker/*', 'system.slice/docker-*.scope']
const FILES = ['cpu.stat', 'cpu.max', 'cpuacct.usage', 'cpu.cfs_quota_us', 'cpu.cfs_period_us']

/**
 * Reads the CPU accounting of a host and its containers, cgroup v1 or v2, in one process. Only the true root cgroup has
 * `release_agent` (v1) and no `cgroup.type` (v2), which shows whether the host shares its kernel.
 */
export const READ_CPU = `head -n 20 /proc/uptime /proc/sys/kernel/random/boot_id /sys/devices/system/cpu/online /proc/stat \\
${ROOTS.map((root) =>
  [
    ...['release_agent', 'cgroup.type', 'cpuacct.usage', 'cpu.stat'].map((file) => `${root}/${file}`),
    ...CONTAINER_PATHS.flatMap((cgroup) => FILES.map((file) => `${root}/${cgroup}/${file}`)),
  ].join(' '),
).join(' \\\n')} 2>/dev/null
:`

/** @returns undefined if the host has no such files, for example if it is not Linux. */
export function parseCpu(stdout: string): CpuReading | undefined {
  const sections = stdout.split(/^==> (.+) <==\n/m)
  const files = new Map(
    sections.flatMap((section, at): [string, string][] =>
      at % 2 === 1 ? [[section, (sections[at + 1] ?? '').trim()]] : [],
    ),
  )
  const boot = files.get('/proc/sys/kernel/random/boot_id')
  const ticks = /^cpu +(.*)$/m
    .exec(files.get('/proc/stat') ?? '')?.[1]
    ?.split(/\s+/)
    .map(Number)
  if (boot === undefined || ticks === undefined) return undefined
  // user nice system idle iowait irq softirq steal; guests are in user already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks
  // Stolen time is not available, so it counts as busy.
  const busy = user + nice + system + irq + softirq + steal
  const node = ownGroup(files)
  return {
    boot,
    uptime: Number(files.get('/proc/uptime')?.split(' ')[0]),
    cores: countCores(files.get('/sys/devices/system/cpu/online') ?? '0'),
    machine: { busy, all: busy + idle + iowait },
    ...(node === undefined ? {} : { node }),
    containers: containersIn(files),
  }
}

/** `0-3,6` */
const countCores = (list: string): number =>
  list
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [from = 0, to = from]) => sum + to - from + 1, 0)

const field = (text: string | undefined, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1] ?? 0)

function ownGroup(files: ReadonlyMap<string, string>): number | undefined {
  for (const root of ROOTS) {
    const v1 = files.get(`${root}/cpuacct.usage`)
    if (v1 !== undefined) return files.has(`${root}/release_agent`) ? undefined : Number(v1) / 1e9
    const v2 = files.get(`${root}/cpu.stat`)
    if (v2?.includes('usage_usec')) return files.has(`${root}/cgroup.type`) ? field(v2, 'usage_usec') / 1e6 : undefined
  }
  return undefined
}

function containersIn(files: ReadonlyMap<string, string>): Record<string, ContainerReading> {
  // The files of one container may be in two hierarchies.
  const found = new Map<string, Map<string, string>>()
  for (const [file, text] of files) {
    const [, id, name] = /\/docker[-/]([0-9a-f]{64})(?:\.scope)?\/([^/]+)$/.exec(file) ?? []
    if (id === undefined || name === undefined) continue
    const own = found.get(id) ?? new Map<string, string>()
    found.set(id, own.set(name, text))
  }
  return Object.fromEntries(
    [...found].map(([id, own]) => {
      const stat = own.get('cpu.stat')
      const v1 = own.get('cpuacct.usage')
      const [quota, period] = own.get('cpu.max')?.split(' ').map(Number) ?? [
        Number(own.get('cpu.cfs_quota_us')),
        Number(own.get('cpu.cfs_period_us')),
      ]
      return [
        id,
        {
          cpu: v1 === undefined ? field(stat, 'usage_usec') / 1e6 : Number(v1) / 1e9,
          ...(quota !== undefined && period !== undefined && quota > 0 && period > 0 ? { limit: quota / period } : {}),
          periods: field(stat, 'nr_periods'),
          throttled: field(stat, 'nr_throttled'),
        },
      ]
    }),
  )
}

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
      const periods = after.periods - before.periods
      uses.push({
        kind: 'container',
        name,
        service,
        cores: (after.cpu - before.cpu) / seconds,
        ...(after.limit === undefined ? {} : { limit: after.limit }),
        ...(periods > 0 ? { throttled: (after.throttled - before.throttled) / periods } : {}),
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

/** First and last reading of each host in an interval of this machine's clock. */
export type ReadingsBetween = (from: number, to: number) => Record<string, readonly [CpuReading, CpuReading]>

/**
 * Samples the CPU accounting of hosts while `work` runs. Skips hosts that cannot be read.
 *
 * @param hosts - names of the inventory; `controller` is this machine.
 */
export async function sampleCpu<T>(
  on: Pick<ExperimentContext, 'exec' | 'signal'>,
  hosts: readonly string[],
  work: (between: ReadingsBetween) => Promise<T>,
  everySeconds = 1,
): Promise<T> {
  const samples = new Map<string, { at: number; reading: CpuReading }[]>(hosts.map((host) => [host, []]))
  const stop = new AbortController()
  const stopped = AbortSignal.any([stop.signal, on.signal])
  const sample = async (host: string): Promise<void> => {
    while (!stopped.aborted) {
      // No root needed, and a separate shell does not wait for other commands.
      const result = await on.exec({ host, command: READ_CPU, become: false, timeout: 10 }).catch(() => undefined)
      const reading = result === undefined ? undefined : parseCpu(result.stdout)
      if (reading === undefined) return
      samples.get(host)?.push({ at: Date.now(), reading })
      await sleep(everySeconds * 1000, undefined, { signal: stopped }).catch(() => undefined)
    }
  }
  const sampled = Promise.all(hosts.map(sample))
  try {
    return await work((from, to) =>
      Object.fromEntries(
        [...samples].flatMap(([host, all]) => {
          const within = all.filter(({ at }) => at >= from && at <= to)
          const [first, last] = [within[0], within.at(-1)]
          return first === undefined || last === undefined || first === last
            ? []
            : [[host, [first.reading, last.reading] as const]]
        }),
      ),
    )
  } finally {
    stop.abort()
    await sampled
  }
}
