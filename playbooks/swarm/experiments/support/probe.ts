import { call, type Endpoint } from '../../../app/client.ts'

/** A door to the app, and whose it is. */
export interface Door extends Endpoint {
  readonly node: string
}

/** One request and what came of it. */
export interface Request {
  /** Milliseconds from the start. */
  readonly at: number
  readonly ms: number
  readonly door: string
  readonly method: 'GET' | 'POST'
  readonly status: number | undefined
  readonly replica: string
  readonly node: string
  /** The count that it was told, of one that was answered well. */
  readonly count?: number
  /** Empty when it was answered well. */
  readonly error: string
}

export interface ProbeOptions {
  /** Requests in a second, over all doors. */
  readonly perSecond: number
  /** A client waits no longer than this. */
  readonly timeLimitMs: number
}

/** More are not waited for at a time: a service that does not answer must not be sent ever more. */
const MOST_WAITING = 300
/** However long an experiment takes, no more are sent. */
const MOST_REQUESTS = 50_000

const PATHS = { GET: '/api/counter', POST: '/api/counter/increment' } as const

/**
 * Sends requests at a steady rate, whatever becomes of those before: reads and increments in turn, through each door in
 * turn. Each is sent once and recorded, so that what a client would have felt can be told, and no acknowledged
 * increment may be missing later.
 */
export class SteadyProbe {
  readonly #doors: readonly Door[]
  readonly #options: ProbeOptions
  readonly #requests: Request[] = []
  readonly #began = performance.now()
  readonly #waiting = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(doors: readonly Door[], options: ProbeOptions) {
    this.#doors = doors
    this.#options = options
    this.#timer = setInterval(() => this.#send(), 1000 / options.perSecond)
  }

  /** Sends no more, and waits for the answers that are still to come. */
  async stop(): Promise<readonly Request[]> {
    clearInterval(this.#timer)
    await Promise.all(this.#waiting)
    return this.#requests.toSorted((a, b) => a.at - b.at)
  }

  /** A timer that was late is made up for: the rate is what was promised. */
  #send(): void {
    const due = Math.floor(((performance.now() - this.#began) * this.#options.perSecond) / 1000)
    for (; this.#sent < Math.min(due, MOST_REQUESTS); this.#sent++) {
      const door = this.#doors[this.#sent % this.#doors.length] as Door
      const method = Math.floor(this.#sent / this.#doors.length) % 2 === 0 ? 'GET' : 'POST'
      if (this.#waiting.size >= MOST_WAITING) {
        this.#record(door, method, performance.now(), { error: `not sent: ${MOST_WAITING} others have no answer yet` })
        continue
      }
      const request = this.#ask(door, method).finally(() => this.#waiting.delete(request))
      this.#waiting.add(request)
    }
  }

  async #ask(door: Door, method: 'GET' | 'POST'): Promise<void> {
    const began = performance.now()
    try {
      const { status, replica, node, count } = await call(door, method, PATHS[method], this.#options.timeLimitMs)
      this.#record(
        door,
        method,
        began,
        status === 200 ? { status, replica, node, count } : { status, error: `status ${status}` },
      )
    } catch (error) {
      this.#record(door, method, began, { error: (error as Error).message })
    }
  }

  #record(door: Door, method: 'GET' | 'POST', began: number, what: Partial<Request>): void {
    const at = began - this.#began
    this.#requests.push({
      at,
      ms: performance.now() - began,
      door: door.node,
      method,
      status: undefined,
      replica: '',
      node: '',
      error: '',
      ...what,
    })
  }
}
