import { messageText, type Message } from 'labbook'
import { say, verbatim } from '../messages/say.ts'

/** A protocol in which a database answers a ping. */
export type PingProtocol = 'redis' | 'postgres' | 'mysql'

/** A request that shows whether an entry point answers. */
export type EntryProbe =
  | {
      readonly kind: 'http'
      readonly path: string
      /** The expected status. Without it, any status below 500. */
      readonly expect?: number
      /** Counts increments, so that lost ones are found. */
      readonly counter?: CounterProbe
    }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'ping'; readonly protocol: PingProtocol }

/** A counter behind a probe: a POST increments it, and the JSON of the probe's GET has its value. */
export interface CounterProbe {
  /** Path of the increment. */
  readonly post: string
  /** Key of the value in the JSON. */
  readonly count: string
}

/** A published port of a stack, and how it is probed. */
export interface EntryPoint {
  readonly service: string
  readonly port: number
  /** `ingress`: on every node. `host`: on the nodes that run a task. */
  readonly mode: string
  readonly probes: readonly EntryProbe[]
  /** Why these probes: `path of the health check`. */
  readonly reason: Message
}

/** `GET /health (status 200)`. */
export function probeText(probe: EntryProbe): Message {
  if (probe.kind === 'tcp') return say('TCP connection')
  if (probe.kind === 'ping') return verbatim(`${probe.protocol} ping`)
  return say('GET {path} (status {status}){post}', {
    path: probe.path,
    status: probe.expect ?? say('below 500'),
    post: probe.counter === undefined ? '' : `, POST ${probe.counter.post}`,
  })
}

/** The same in English. */
export const describeProbe = (probe: EntryProbe): string => messageText(probeText(probe))
