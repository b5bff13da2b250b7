import type { Message, MessageList } from 'labbook'
import { setTimeout as sleep } from 'node:timers/promises'
import { endpointOf } from '../lab/address.ts'
import { joinTexts, say, type LabSetupContext } from '../messages/say.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { describeProbe, probeText, type EntryPoint, type EntryProbe } from './entry-point.ts'
import { sendIncrement, sendProbe } from './send.ts'
import type { ProbeRequest } from './steady-probe.ts'

/** An entry point on a node. */
export interface EntryTarget {
  readonly entryPoint: EntryPoint
  readonly node: string
  readonly address: Endpoint
}

/** The requests that watch a stack during an experiment. */
export interface Traffic {
  /** In the order in which they are sent. */
  readonly requests: readonly ProbeRequest[]
  /** For the report: `port 8080: GET / (status 200)`. */
  readonly description: Message | MessageList
  /** Reads the sum of the counters, if there are any; NaN if one does not answer. */
  readonly readCount?: () => Promise<number>
}

/** The addresses of an entry point: on every node, or on the nodes that run a task. */
export const targetsOfEntryPoint = (
  { hostvars }: Pick<LabSetupContext, 'hostvars'>,
  entryPoint: EntryPoint,
  nodes: readonly string[],
): EntryTarget[] =>
  nodes.map((node) => ({ entryPoint, node, address: endpointOf(hostvars(node), node, entryPoint.port) }))

type HttpProbe = Extract<EntryProbe, { readonly kind: 'http' }>

/** Port and path: `8080/health`. */
const probeName = ({ port }: EntryPoint, probe: EntryProbe): string =>
  `${port}${probe.kind === 'http' ? probe.path : ''}`

/** All probes of all targets in turn. */
export function trafficOf(targets: readonly EntryTarget[]): Traffic {
  const counters = countersOf(targets)
  return {
    requests: interleaved(
      targets.flatMap((target) => target.entryPoint.probes.flatMap((probe) => requestsOf(target, probe))),
    ),
    description:
      targets.length === 0
        ? say('no requests')
        : joinTexts(
            [...new Set(targets.map(({ entryPoint }) => entryPoint))].map(({ port, probes }) =>
              say('port {port}: {probes}', { port, probes: joinTexts(probes.map(probeText)) }),
            ),
            '; ',
          ),
    ...(counters.length === 0
      ? {}
      : {
          readCount: async () =>
            (await Promise.all(counters.map(readCounter))).reduce((total, count) => total + count, 0),
        }),
  }
}

/** One request per node before the second of a node: an entry point that is away on one node is noticed soon. */
function interleaved(requests: readonly ProbeRequest[]): ProbeRequest[] {
  const nodes = [...new Set(requests.map(({ endpoint }) => endpoint))]
  const byNode = nodes.map((node) => requests.filter(({ endpoint }) => endpoint === node))
  const longest = Math.max(0, ...byNode.map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) => byNode.flatMap((own) => own[turn % own.length] ?? [])).flat()
}

function requestsOf({ entryPoint, node, address }: EntryTarget, probe: EntryProbe): ProbeRequest[] {
  const names = { endpoint: node, probe: probeName(entryPoint, probe) }
  const probing: ProbeRequest = {
    ...names,
    method: probe.kind === 'http' ? 'GET' : probe.kind.toUpperCase(),
    send: (timeoutMs) => sendProbe(address, probe, timeoutMs),
  }
  const counter = probe.kind === 'http' ? probe.counter : undefined
  return counter === undefined
    ? [probing]
    : [probing, { ...names, method: 'POST', send: (timeoutMs) => sendIncrement(address, counter, timeoutMs) }]
}

/** A counter, and the addresses at which it can be read. */
interface Counter {
  readonly probe: HttpProbe
  readonly addresses: readonly Endpoint[]
}

/** All addresses of an entry point have the same counter. */
function countersOf(targets: readonly EntryTarget[]): Counter[] {
  const counters = new Map<string, { readonly probe: HttpProbe; readonly addresses: Endpoint[] }>()
  for (const { entryPoint, address } of targets)
    for (const probe of entryPoint.probes) {
      if (probe.kind !== 'http' || probe.counter === undefined) continue
      const name = `${probeName(entryPoint, probe)} ${probe.counter.count}`
      const counter = counters.get(name) ?? { probe, addresses: [] }
      counter.addresses.push(address)
      counters.set(name, counter)
    }
  return [...counters.values()]
}

const ATTEMPT_MS = 5000
/** The service may be recovering. */
const [READ_ATTEMPTS, READ_PAUSE_MS] = [20, 500]

/** Reads the count at any address; NaN if none has it. */
async function readCounter({ probe, addresses }: Counter): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const answers = await Promise.allSettled(addresses.map((address) => sendProbe(address, probe, ATTEMPT_MS)))
    const responses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    const counts = responses.flatMap(({ count, error }) => (error === undefined ? (count ?? []) : []))
    if (counts[0] !== undefined) return counts[0]
    const isAnswered = responses.some(({ status = 0 }) => status < 500)
    if (isAnswered || attempt === READ_ATTEMPTS) return Number.NaN
    await sleep(READ_PAUSE_MS)
  }
}

/** The error of each probe that fails now: `node1:8080: GET /: status 502`. */
export async function failingProbes(targets: readonly EntryTarget[]): Promise<string[]> {
  const results = await Promise.all(
    targets.flatMap(({ entryPoint, node, address }) =>
      entryPoint.probes.map(async (probe) => {
        const name = `${node}:${entryPoint.port}: ${describeProbe(probe)}`
        return await sendProbe(address, probe, ATTEMPT_MS).then(
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

interface Watched {
  readonly targets: readonly EntryTarget[]
}

/** Whether requests are sent, for claims about them. */
export const hasEntryPoints = (_service: unknown, { targets }: Watched): boolean => targets.length > 0

/** Whether a probe counts increments, for claims about them. */
export const hasCounter = (_service: unknown, { targets }: Watched): boolean =>
  targets.some(({ entryPoint }) =>
    entryPoint.probes.some((probe) => probe.kind === 'http' && probe.counter !== undefined),
  )
