/** CPU accounting of a host at a point in time. All times are seconds. */
export interface CpuReading {
  /** Boot ID of the kernel: hosts with the same ID are the same machine. */
  readonly boot: string
  /** Since the kernel started. */
  readonly uptime: number
  readonly cores: number
  /** Sum over all cores, in ticks; `busy` without processes that give way (`nice`). */
  readonly machine: { readonly busy: number; readonly all: number }
  /** CPU time of the host's own cgroup, if it shares a machine. */
  readonly node?: number
  readonly containers: Readonly<Record<string, ContainerReading>>
}

interface ContainerReading {
  readonly cpu: number
  /** Limit in cores. */
  readonly limit?: number
  /** Periods of the limit, and those in which the container was stopped at it; absent if the kernel does not count. */
  readonly periods?: number
  readonly throttled?: number
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
  // Stolen time is not available, so it counts as busy. Processes with a nice value give way to those without.
  const busy = user + system + irq + softirq + steal
  const node = ownGroup(files)
  return {
    boot,
    uptime: Number(files.get('/proc/uptime')?.split(' ')[0]),
    cores: countCores(files.get('/sys/devices/system/cpu/online') ?? '0'),
    machine: { busy, all: busy + nice + idle + iowait },
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
    // Beside cgroup v1, systemd creates the same scope in v2: without a CPU controller there, its cpu.stat has no limit
    // and no periods, and must not hide the one that has.
    if (!own.has(name) || text.includes('nr_periods')) found.set(id, own.set(name, text))
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
          ...(stat?.includes('nr_periods') === true
            ? { periods: field(stat, 'nr_periods'), throttled: field(stat, 'nr_throttled') }
            : {}),
        },
      ]
    }),
  )
}
