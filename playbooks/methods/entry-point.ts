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
  readonly reason: string
}

/** `GET /health (status 200)`. */
export function describeProbe(probe: EntryProbe): string {
  if (probe.kind === 'tcp') return 'TCP connection'
  if (probe.kind === 'ping') return `${probe.protocol} ping`
  const status = probe.expect === undefined ? 'below 500' : String(probe.expect)
  return `GET ${probe.path} (status ${status})${probe.counter === undefined ? '' : `, POST ${probe.counter.post}`}`
}
