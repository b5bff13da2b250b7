/** CPU usage of a container, node or machine in an interval, and its limit. */
export interface CpuUsage {
  readonly kind: 'container' | 'node' | 'machine'
  /** `counter_counter.2`, `node1`, or the nodes on the machine. */
  readonly name: string
  /** Service of a container, such as `counter_counter`. */
  readonly service?: string
  /** Average cores in use. */
  readonly cores: number
  /** Limit in cores; absent without a limit. */
  readonly limit?: number
  /** Fraction of the periods in which it was throttled. */
  readonly throttled?: number
}

/** The bottleneck, or why it is inconclusive. */
export interface Bottleneck {
  /** Absent if inconclusive. */
  readonly what?: string
  readonly why: string
  /** The load generator is the bottleneck, so the results do not describe the servers. */
  readonly refused: boolean
}

/** Fraction of the limit that counts as saturated. Limits apply per period of 100 ms, so the average stays below. */
const SATURATED = 0.9
const THROTTLED = 0.5

/**
 * Finds the bottleneck of throughput from the CPU usage under load. Considers only CPU; inconclusive if no CPU is
 * saturated.
 *
 * @param generator - why the load generator is the bottleneck, if it is.
 */
export function bottleneckOf(uses: readonly CpuUsage[], generator: string | undefined): Bottleneck {
  if (generator !== undefined) return { refused: true, why: `inconclusive: ${generator}` }
  if (uses.length === 0) return { refused: false, why: 'inconclusive: no CPU usage sampled' }
  const saturated = [...saturatedServices(uses), ...saturatedMachines(uses)]
  const [only, ...others] = saturated
  if (only === undefined) {
    const nearest = uses.filter(({ limit }) => limit !== undefined).sort((a, b) => utilization(b) - utilization(a))[0]
    const next =
      nearest === undefined
        ? ''
        : `; highest is ${nearest.name} at ${percent(utilization(nearest))} of its ${nearest.limit?.toFixed(2)} cores`
    return {
      refused: false,
      why: `inconclusive: no CPU is saturated, so the bottleneck is not CPU (connections, locks, network, disk)${next}`,
    }
  }
  if (others.length === 0) return { refused: false, ...only }
  return {
    refused: false,
    why: `inconclusive: several are saturated: ${saturated.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  }
}

type Named = { readonly what: string; readonly why: string }

const utilization = ({ cores, limit }: CpuUsage): number => (limit === undefined || limit === 0 ? 0 : cores / limit)
const percent = (part: number): string => `${Math.round(part * 100)} %`
const isSaturated = (use: CpuUsage): boolean =>
  use.limit !== undefined && (utilization(use) >= SATURATED || (use.throttled ?? 0) >= THROTTLED)

/** Whether all containers of a service use the CPU time they may. */
export function isServiceSaturated(uses: readonly CpuUsage[], service: string): boolean {
  const containers = uses.filter((use) => use.kind === 'container' && use.service === service)
  return containers.length > 0 && containers.every(isSaturated)
}

/** Services with all containers saturated: otherwise, requests could go to another container. */
function saturatedServices(uses: readonly CpuUsage[]): Named[] {
  const services = new Map<string, CpuUsage[]>()
  for (const use of uses) {
    if (use.kind === 'container')
      services.set(use.service ?? use.name, [...(services.get(use.service ?? use.name) ?? []), use])
  }
  return [...services]
    .filter(([, containers]) => containers.every(isSaturated))
    .map(([service, containers]) => {
      const limit = containers.reduce((sum, container) => sum + (container.limit ?? 0), 0)
      const cores = containers.reduce((sum, container) => sum + container.cores, 0)
      const counted = containers.flatMap(({ throttled }) => (throttled === undefined ? [] : [throttled]))
      const throttled = counted.length === 0 ? '' : `, throttled in ${percent(Math.max(...counted))} of the periods`
      return {
        what: `the CPU limit of ${service}`,
        why: `${containers.length} container${containers.length === 1 ? '' : 's'} used ${cores.toFixed(2)} of ${limit.toFixed(2)} cores${throttled}`,
      }
    })
}

/** Counts a machine once, even if several nodes share it. */
function saturatedMachines(uses: readonly CpuUsage[]): Named[] {
  return uses
    .filter((use) => use.kind !== 'container' && isSaturated(use))
    .map(({ kind, name, cores, limit = 0 }) => ({
      what: `the CPU of ${kind === 'machine' ? 'the machine of ' : ''}${name}`,
      why: `${cores.toFixed(2)} of ${limit.toFixed(0)} cores in use`,
    }))
}
