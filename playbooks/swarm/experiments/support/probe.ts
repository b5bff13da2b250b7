import { call, type Endpoint } from '../../../app/client.ts'

/** An endpoint of the app, and the node that publishes it. */
export interface AppEndpoint extends Endpoint {
  readonly node: string
}

/** A request and its result. */
export interface RequestResult {
  /** Milliseconds from the start. */
  readonly at: number
  readonly ms: number
  readonly endpoint: string
  readonly method: 'GET' | 'POST'
  readonly status: number | undefined
  readonly replica: string
  readonly node: string
  /** The count in the response, if it succeeded. */
  readonly count?: number
  /** Empty if it succeeded. */
  readonly error: string
}

export interface ProbeOptions {
  /** Requests per second, over all endpoints. */
  readonly perSecond: number
  /** Request timeout. */
  readonly timeoutMs: number
}

/** Limit of requests in flight, so that a service that does not answer is not flooded. */
const MAX_IN_FLIGHT = 300
/** Limit of requests per experiment. */
const MAX_REQUESTS = 50_000

const PATHS = { GET: '/api/counter', POST: '/api/counter/increment' } as const

/**
 * Sends requests at a constant arrival rate (open model): alternating reads and increments, round robin over the
 * endpoints. Each request is sent once and recorded, so that acknowledged increments can be checked against the count.
 */
export class SteadyProbe {
  readonly #endpoints: readonly AppEndpoint[]
  readonly #options: ProbeOptions
  readonly #requests: RequestResult[] = []
  readonly #began = performance.now()
  readonly #inFlight = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(endpoints: readonly AppEndpoint[], options: ProbeOptions) {
    this.#endpoints = endpoints
    this.#options = options
    this.#timer = setInterval(() => this.#send(), 1000 / options.perSecond)
  }

  /** Stops sending and waits for the outstanding responses. */
  async stop(): Promise<readonly RequestResult[]> {
    clearInterval(this.#timer)
    await Promise.all(this.#inFlight)
    return this.#requests.toSorted((a, b) => a.at - b.at)
  }

  /** Catches up after a late timer, to keep the rate. */
  #send(): void {
    const due = Math.floor(((performance.now() - this.#began) * this.#options.perSecond) / 1000)
    for (; this.#sent < Math.min(due, MAX_REQUESTS); this.#sent++) {
      const endpoint = this.#endpoints[this.#sent % this.#endpoints.length] as AppEndpoint
      const method = Math.floor(this.#sent / this.#endpoints.length) % 2 === 0 ? 'GET' : 'POST'
      if (this.#inFlight.size >= MAX_IN_FLIGHT) {
        this.#record(endpoint, method, performance.now(), { error: `not sent: ${MAX_IN_FLIGHT} requests in flight` })
        continue
      }
      const request = this.#call(endpoint, method).finally(() => this.#inFlight.delete(request))
      this.#inFlight.add(request)
    }
  }

  async #call(endpoint: AppEndpoint, method: 'GET' | 'POST'): Promise<void> {
    const began = performance.now()
    try {
      const { status, replica, node, count } = await call(endpoint, method, PATHS[method], this.#options.timeoutMs)
      this.#record(
        endpoint,
        method,
        began,
        status === 200 ? { status, replica, node, count } : { status, error: `status ${status}` },
      )
    } catch (error) {
      this.#record(endpoint, method, began, { error: (error as Error).message })
    }
  }

  #record(endpoint: AppEndpoint, method: 'GET' | 'POST', began: number, result: Partial<RequestResult>): void {
    const at = began - this.#began
    this.#requests.push({
      at,
      ms: performance.now() - began,
      endpoint: endpoint.node,
      method,
      status: undefined,
      replica: '',
      node: '',
      error: '',
      ...result,
    })
  }
}
