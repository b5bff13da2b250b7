/** CPU time that something used in a span of time, and what it may use. */
export interface CpuUse {
  readonly kind: 'container' | 'node' | 'machine'
  /** `counter_counter.2`, `node1`, or whose machine it is. */
  readonly name: string
  /** Of containers: what they are replicas of, such as `counter_counter`. */
  readonly service?: string
  /** Cores in use, on average. */
  readonly cores: number
  /** Cores it may use; absent where there is no limit of its own. */
  readonly limit?: number
  /** Part of the periods in which the limit held it back, 0 to 1. */
  readonly throttled?: number
}

/** What limits, or why it cannot be told. */
export interface Bottleneck {
  /** Absent where it cannot be told. */
  readonly what?: string
  readonly why: string
  /** The load generator is the limit: what was measured says nothing of the servers. */
  readonly refused: boolean
}

/**
 * Of what it may use: from here on it is at its limit. A limit is kept in periods of 100 ms, so that the average stays
 * below it.
 */
const FULL = 0.9
const HELD_BACK = 0.5

/**
 * Names what limits throughput, from the CPU that was used while the load was on. Only CPU is looked at: where none is
 * at its limit, that is said, and nothing guessed.
 *
 * @param generator - why the load generator is the limit, if it is.
 */
export function bottleneckOf(uses: readonly CpuUse[], generator: string | undefined): Bottleneck {
  if (generator !== undefined) return { refused: true, why: `no verdict: ${generator}` }
  if (uses.length === 0) return { refused: false, why: 'cannot tell: no CPU use was sampled' }
  const full = [...fullServices(uses), ...fullMachines(uses)]
  const [only, ...others] = full
  if (only === undefined) {
    const nearest = uses.filter(({ limit }) => limit !== undefined).sort((a, b) => partOf(b) - partOf(a))[0]
    const next =
      nearest === undefined
        ? ''
        : `; nearest is ${nearest.name} with ${percent(partOf(nearest))} of its ${nearest.limit?.toFixed(2)} cores`
    return {
      refused: false,
      why: `cannot tell: no CPU was at its limit, so something waits for what is not CPU (connections, locks, network, disk)${next}`,
    }
  }
  if (others.length === 0) return { refused: false, ...only }
  return {
    refused: false,
    why: `cannot tell which, as each is at its limit: ${full.map(({ what, why }) => `${what} (${why})`).join('; ')}`,
  }
}

type Named = { readonly what: string; readonly why: string }

const partOf = ({ cores, limit }: CpuUse): number => (limit === undefined || limit === 0 ? 0 : cores / limit)
const percent = (part: number): string => `${Math.round(part * 100)} %`
const isFull = (use: CpuUse): boolean =>
  use.limit !== undefined && (partOf(use) >= FULL || (use.throttled ?? 0) >= HELD_BACK)

/** Services of which all containers are at their limits: while one has room, requests could go there. */
function fullServices(uses: readonly CpuUse[]): Named[] {
  const services = new Map<string, CpuUse[]>()
  for (const use of uses) {
    if (use.kind === 'container')
      services.set(use.service ?? use.name, [...(services.get(use.service ?? use.name) ?? []), use])
  }
  return [...services]
    .filter(([, containers]) => containers.every(isFull))
    .map(([service, containers]) => {
      const limit = containers.reduce((sum, container) => sum + (container.limit ?? 0), 0)
      const cores = containers.reduce((sum, container) => sum + container.cores, 0)
      const held = Math.max(...containers.map(({ throttled = 0 }) => throttled))
      return {
        what: `the CPU limit of ${service}`,
        why: `${containers.length} container${containers.length === 1 ? '' : 's'} used ${cores.toFixed(2)} of ${limit.toFixed(2)} cores, held back in ${percent(held)} of the periods`,
      }
    })
}

/** A machine counts once, also when several nodes share it. */
function fullMachines(uses: readonly CpuUse[]): Named[] {
  return uses
    .filter((use) => use.kind !== 'container' && isFull(use))
    .map(({ kind, name, cores, limit = 0 }) => ({
      what: `the CPU of ${kind === 'machine' ? 'the machine of ' : ''}${name}`,
      why: `${cores.toFixed(2)} of ${limit.toFixed(0)} cores in use`,
    }))
}
