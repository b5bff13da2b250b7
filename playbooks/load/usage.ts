import { setTimeout as sleep } from 'node:timers/promises'
import type { ExperimentContext } from '../../src/labbook.ts'
import type { CpuUse } from './bottleneck.ts'

/** What the clocks of a host's CPU accounting read at a moment. All times are seconds. */
export interface CpuReading {
  /** Of the kernel: hosts with the same one are the same machine. */
  readonly boot: string
  /** Since the kernel started. */
  readonly uptime: number
  readonly cores: number
  /** Of all cores together, in ticks. */
  readonly machine: { readonly busy: number; readonly all: number }
  /** CPU time of the host's own cgroup, where it is a part of a machine. */
  readonly node?: number
  readonly containers: Readonly<Record<string, ContainerReading>>
}

interface ContainerReading {
  readonly cpu: number
  /** Cores it may use. */
  readonly limit?: number
  readonly periods: number
  readonly throttled: number
}

const ROOTS = ['', '/cpu,cpuacct', '/cpuacct', '/cpu', '/unified'].map((root) => `/sys/fs/cgroup${root}`)
/** Where Docker puts containers, by its two drivers of cgroups. */
const PLACES = ['docker/*', 'system.slice/docker-*.scope']
const FILES = ['cpu.stat', 'cpu.max', 'cpuacct.usage', 'cpu.cfs_quota_us', 'cpu.cfs_period_us']

/**
 * Reads the CPU clocks of a host and its containers, of cgroup v1 or v2, in one process. `release_agent` (v1) is there
 * at the true root only, `cgroup.type` (v2) everywhere but there: so it can be told whether the host has the kernel for
 * itself.
 */
export const READ_CPU = `head -n 20 /proc/uptime /proc/sys/kernel/random/boot_id /sys/devices/system/cpu/online /proc/stat \\
${ROOTS.map((root) =>
  [
    ...['release_agent', 'cgroup.type', 'cpuacct.usage', 'cpu.stat'].map((file) => `${root}/${file}`),
    ...PLACES.flatMap((place) => FILES.map((file) => `${root}/${place}/${file}`)),
  ].join(' '),
).join(' \\\n')} 2>/dev/null
:`

/** @returns undefined where the host has none of it, as one that is not Linux. */
export function parseCpu(stdout: string): CpuReading | undefined {
  const parts = stdout.split(/^==> (.+) <==\n/m)
  const files = new Map(
    parts.flatMap((part, at): [string, string][] => (at % 2 === 1 ? [[part, (parts[at + 1] ?? '').trim()]] : [])),
  )
  const boot = files.get('/proc/sys/kernel/random/boot_id')
  const ticks = /^cpu +(.*)$/m
    .exec(files.get('/proc/stat') ?? '')?.[1]
    ?.split(/\s+/)
    .map(Number)
  if (boot === undefined || ticks === undefined) return undefined
  // user nice system idle iowait irq softirq steal; guests are in user already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks
  // What the hypervisor took is not there to be used, so it counts as in use.
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
  // The files of one container may lie in two hierarchies.
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

/** A container of the stack: `counter_counter.2` of service `counter_counter`. */
export interface Replica {
  readonly id: string
  readonly name: string
  readonly service: string
}

/**
 * What was used between two readings of each host.
 *
 * @param readings - by host; hosts that are one machine, such as nodes of the lab, count as that machine once.
 * @param replicas - the containers to tell; others count for their node only.
 */
export function cpuUses(
  readings: Readonly<Record<string, readonly [CpuReading, CpuReading]>>,
  replicas: readonly Replica[],
): CpuUse[] {
  const uses: CpuUse[] = []
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
    // Its share of a machine: no limit of its own is known, the machine's is told below.
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

/** The first and last reading of each host in a span of this machine's clock. */
export type Between = (from: number, to: number) => Record<string, readonly [CpuReading, CpuReading]>

/**
 * Reads the CPU clocks of hosts again and again while something is done. Hosts that cannot be read are left out: the
 * lack of them shows in what is told.
 *
 * @param hosts - names of the inventory; `controller` is this machine.
 */
export async function sampling<T>(
  on: Pick<ExperimentContext, 'look' | 'signal'>,
  hosts: readonly string[],
  work: (between: Between) => Promise<T>,
  everySeconds = 1,
): Promise<T> {
  const samples = new Map<string, { at: number; reading: CpuReading }[]>(hosts.map((host) => [host, []]))
  const over = new AbortController()
  const either = AbortSignal.any([over.signal, on.signal])
  const follow = async (host: string): Promise<void> => {
    while (!either.aborted) {
      // Anyone may read these, and a shell of its own does not wait for what else runs there.
      const seen = await on.look({ host, command: READ_CPU, become: false, timeout: 10 }).catch(() => undefined)
      const reading = seen === undefined ? undefined : parseCpu(seen.stdout)
      if (reading === undefined) return
      samples.get(host)?.push({ at: Date.now(), reading })
      await sleep(everySeconds * 1000, undefined, { signal: either }).catch(() => undefined)
    }
  }
  const followed = Promise.all(hosts.map(follow))
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
    over.abort()
    await followed
  }
}
