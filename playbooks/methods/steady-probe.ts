/** A request that a steady probe sends again and again. */
export interface ProbeRequest {
  /** The node where it enters. */
  readonly endpoint: string
  /** What it probes there: `8080/health`. */
  readonly probe: string
  /** `POST`: an increment. */
  readonly method: string
  /** Sends it once, on a new connection. @throws if there is no response. */
  send(timeoutMs: number): Promise<ProbeResponse>
}

/** Without an error, the request has succeeded. */
export type ProbeResponse = Partial<Pick<RequestResult, 'status' | 'replica' | 'node' | 'count' | 'error'>>

/** A request and its result. */
export interface RequestResult {
  /** Milliseconds from the start. */
  readonly at: number
  readonly ms: number
  readonly endpoint: string
  readonly probe: string
  readonly method: string
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

/**
 * Sends requests at a constant arrival rate (open model), in turn. Each is sent once and recorded, so that acknowledged
 * increments can be checked against the count.
 */
export class SteadyProbe {
  readonly #turn: readonly ProbeRequest[]
  readonly #options: ProbeOptions
  readonly #requests: RequestResult[] = []
  readonly #began = performance.now()
  readonly #inFlight = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  /** @param turn - the requests, which are sent in this order, over and over. */
  constructor(turn: readonly ProbeRequest[], options: ProbeOptions) {
    this.#turn = turn
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
    if (this.#turn.length === 0) return
    const due = Math.floor(((performance.now() - this.#began) * this.#options.perSecond) / 1000)
    for (; this.#sent < Math.min(due, MAX_REQUESTS); this.#sent++) {
      const request = this.#turn[this.#sent % this.#turn.length] as ProbeRequest
      if (this.#inFlight.size >= MAX_IN_FLIGHT) {
        this.#record(request, performance.now(), { error: `not sent: ${MAX_IN_FLIGHT} requests in flight` })
        continue
      }
      const response = this.#request(request).finally(() => this.#inFlight.delete(response))
      this.#inFlight.add(response)
    }
  }

  async #request(request: ProbeRequest): Promise<void> {
    const began = performance.now()
    try {
      this.#record(request, began, await request.send(this.#options.timeoutMs))
    } catch (error) {
      this.#record(request, began, { error: (error as Error).message })
    }
  }

  #record({ endpoint, probe, method }: ProbeRequest, began: number, result: ProbeResponse): void {
    const at = began - this.#began
    this.#requests.push({
      at,
      ms: performance.now() - began,
      endpoint,
      probe,
      method,
      status: undefined,
      replica: '',
      node: '',
      error: '',
      ...result,
    })
  }
}
