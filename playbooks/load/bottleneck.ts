import type { Message } from 'labbook'
import { joinTexts, say } from '../messages/say.ts'

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
  readonly what?: Message
  readonly why: Message
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
export function bottleneckOf(uses: readonly CpuUsage[], generator: Message | undefined): Bottleneck {
  if (generator !== undefined) return { refused: true, why: inconclusive(generator) }
  if (uses.length === 0) return { refused: false, why: inconclusive(say('no CPU usage sampled')) }
  const saturated = [...saturatedServices(uses), ...saturatedMachines(uses)]
  const [only, ...others] = saturated
  if (only === undefined) {
    const nearest = uses.filter(({ limit }) => limit !== undefined).sort((a, b) => utilization(b) - utilization(a))[0]
    return {
      refused: false,
      why: inconclusive(
        say('no CPU is saturated, so the bottleneck is not CPU (connections, locks, network, disk){highest}', {
          highest:
            nearest === undefined
              ? ''
              : say('; highest is {name} at {percent} % of its {limit} cores', {
                  name: nearest.name,
                  percent: percents(utilization(nearest)),
                  limit: nearest.limit?.toFixed(2) ?? '',
                }),
        }),
      ),
    }
  }
  if (others.length === 0) return { refused: false, ...only }
  return {
    refused: false,
    why: inconclusive(say('several are saturated: {all}', { all: joinTexts(saturated.map(namedText), '; ') })),
  }
}

const inconclusive = (why: Message): Message => say('inconclusive: {why}', { why })

type Named = { readonly what: Message; readonly why: Message }

/** The bottleneck with its numbers, or why it is inconclusive. */
export const bottleneckText = ({ what, why }: Bottleneck): Message =>
  what === undefined ? why : namedText({ what, why })

const namedText = ({ what, why }: Named): Message => say('{what} ({why})', { what, why })

const utilization = ({ cores, limit }: CpuUsage): number => (limit === undefined || limit === 0 ? 0 : cores / limit)
const percents = (part: number): number => Math.round(part * 100)
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
      return {
        what: say('the CPU limit of {service}', { service }),
        why: say('{n|container|containers} used {cores} of {limit} cores{throttled}', {
          n: containers.length,
          cores: cores.toFixed(2),
          limit: limit.toFixed(2),
          throttled:
            counted.length === 0
              ? ''
              : say(', throttled in {percent} % of the periods', { percent: percents(Math.max(...counted)) }),
        }),
      }
    })
}

/** Counts a machine once, even if several nodes share it. */
function saturatedMachines(uses: readonly CpuUsage[]): Named[] {
  return uses
    .filter((use) => use.kind !== 'container' && isSaturated(use))
    .map(({ kind, name, cores, limit = 0 }) => ({
      what:
        kind === 'machine'
          ? say('the CPU of the machine of {nodes}', { nodes: name })
          : say('the CPU of {node}', { node: name }),
      why: say('{cores} of {limit} cores in use', { cores: cores.toFixed(2), limit: limit.toFixed(0) }),
    }))
}
