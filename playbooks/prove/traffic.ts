import { endpointOf } from '../lab/address.ts'
import { type LabSetupContext, joinTexts, say } from '../messages/say.ts'
import type { Traffic } from '../swarm/experiments/support/counter-traffic.ts'
import type { ProbeRequest } from '../swarm/experiments/support/probe.ts'
import type { EntryPoint, EntryProbe } from './model.ts'
import { describeProbe, probeText } from './preview.ts'
import { httpRequest, type Endpoint } from '../shared/http-request.ts'
import { sendHttp, sendProbe } from './send.ts'

/** An entry point on a node. */
export interface EntryTarget {
  readonly entryPoint: EntryPoint
  readonly node: string
  readonly address: Endpoint
}

/** The addresses of an entry point: on every node, or on the nodes that run a task. */
export const targetsOfEntryPoint = (
  { hostvars }: Pick<LabSetupContext, 'hostvars'>,
  entryPoint: EntryPoint,
  nodes: readonly string[],
): EntryTarget[] =>
  nodes.map((node) => ({ entryPoint, node, address: endpointOf(hostvars(node), node, entryPoint.port) }))

/** The name of a target in tables: `node1:8080`. */
export const targetName = ({ node, entryPoint }: EntryTarget): string => `${node}:${entryPoint.port}`

/** The name of a probe at a target: `node1:8080/health`. Increments belong to the probe that counts them. */
const requestName = (target: EntryTarget, probe: EntryProbe): string =>
  `${targetName(target)}${probe.kind === 'http' ? probe.path : ''}`

/** The node of a request: `node1` of `node1:8080/health`. */
export const nodeOfRequest = (name: string): string => name.replace(/:.*$/, '')

/** What a request probes, on whichever node: `8080/health` of `node1:8080/health`. */
export const probeOfRequest = (name: string): string => name.slice(name.indexOf(':') + 1)

/** The requests that watch a stack: all probes of all targets in turn. */
export function trafficOf(targets: readonly EntryTarget[]): Traffic {
  const requests = targets.flatMap((target) => target.entryPoint.probes.flatMap((probe) => requestsOf(target, probe)))
  const counted = targets.flatMap((target) =>
    target.entryPoint.probes.flatMap((probe) =>
      probe.kind === 'http' && probe.counter !== undefined
        ? [{ target, path: probe.path, key: probe.counter.count }]
        : [],
    ),
  )
  return {
    requests: interleaved(requests),
    description:
      targets.length === 0
        ? say('no requests')
        : joinTexts(
            [...new Set(targets.map(({ entryPoint }) => entryPoint))].map(({ port, probes }) =>
              say('port {port}: {probes}', { port, probes: joinTexts(probes.map(probeText)) }),
            ),
            '; ',
          ),
    ...(counted.length === 0
      ? {}
      : {
          readCount: async () => {
            // All addresses of an entry point have the same counter.
            const counts = new Map<string, number>()
            for (const { target, path, key } of counted) {
              const counter = `${target.entryPoint.port}${path} ${key}`
              if (Number.isNaN(counts.get(counter) ?? Number.NaN))
                counts.set(counter, await readNumber(target, path, key))
            }
            return [...counts.values()].reduce((total, count) => total + count, 0)
          },
        }),
  }
}

/** One request per node before the second of a node: an entry point that is away on one node is noticed soon. */
function interleaved(requests: readonly ProbeRequest[]): ProbeRequest[] {
  const nodes = [...new Set(requests.map(({ endpoint }) => nodeOfRequest(endpoint)))]
  const byNode = nodes.map((node) => requests.filter(({ endpoint }) => nodeOfRequest(endpoint) === node))
  const longest = Math.max(0, ...byNode.map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) => byNode.flatMap((own) => own[turn % own.length] ?? [])).flat()
}

function requestsOf(target: EntryTarget, probe: EntryProbe): ProbeRequest[] {
  const endpoint = requestName(target, probe)
  const probing: ProbeRequest = {
    endpoint,
    method: probe.kind === 'http' ? 'GET' : probe.kind.toUpperCase(),
    send: (timeoutMs) => sendProbe(target.address, probe, timeoutMs),
  }
  if (probe.kind !== 'http' || probe.counter === undefined) return [probing]
  const { post } = probe.counter
  return [
    probing,
    {
      endpoint,
      method: 'POST',
      async send(timeoutMs) {
        const response = await sendHttp(target.address, 'POST', post, undefined, timeoutMs)
        // An increment that is refused is not acknowledged.
        return (response.status ?? 0) < 400 ? response : { ...response, error: `status ${response.status}` }
      },
    },
  ]
}

async function readNumber({ address }: EntryTarget, path: string, key: string): Promise<number> {
  try {
    const { body } = await httpRequest(address, 'GET', path, 5000)
    return Number((JSON.parse(body) as Readonly<Record<string, unknown>>)[key] ?? Number.NaN)
  } catch {
    return Number.NaN
  }
}

const ATTEMPT_MS = 5000

/** The error of each probe that fails now: `node1:8080: GET /: status 502`. */
export async function failingProbes(targets: readonly EntryTarget[]): Promise<string[]> {
  const results = await Promise.all(
    targets.flatMap((target) =>
      target.entryPoint.probes.map(async (probe) => {
        const name = `${targetName(target)}: ${describeProbe(probe)}`
        return await sendProbe(target.address, probe, ATTEMPT_MS).then(
          ({ error = '' }) => (error === '' ? '' : `${name}: ${error}`),
          (error: unknown) => `${name}: ${(error as Error).message}`,
        )
      }),
    ),
  )
  return results.filter((error) => error !== '')
}

/** Whether an HTTP probe that is only a guess is answered in another protocol. */
export async function isNotHttp({ address }: EntryTarget, probe: EntryProbe): Promise<boolean> {
  if (probe.kind !== 'http') return false
  return await sendProbe(address, probe, ATTEMPT_MS).then(
    () => false,
    (error: unknown) => String((error as NodeJS.ErrnoException).code).startsWith('HPE_'),
  )
}
