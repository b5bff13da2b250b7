import type { Line } from './channel.ts'
import { type Become, type Connection, type Exchange, type ExchangeOptions, Unreachable } from './connection.ts'
import { Session } from './session.ts'

/** A connection with one session per user, which runs one script at a time. */
export class ShellConnection implements Connection {
  readonly #transport: Line
  readonly #sessions = new Map<string, Session>()
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(transport: Line) {
    this.#transport = transport
  }

  open(): void {
    if (!this.#closed) this.#transport.open()
  }

  exchange(script: string, options: ExchangeOptions): Promise<Exchange> {
    const next = this.#last.then(() => this.#exchange(script, options))
    this.#last = next.catch(() => undefined)
    return next
  }

  async close(): Promise<void> {
    this.#closed = true
    const sessions = [...this.#sessions.values()]
    await Promise.all(sessions.map((session) => session.hangUp()))
    for (const session of sessions) session.close()
    await this.#transport.close()
  }

  async #exchange(script: string, { become, ...options }: ExchangeOptions): Promise<Exchange> {
    this.#throwIfClosed()
    let began = false
    try {
      // Interrupted scripts of any user must not run in parallel with this one.
      for (const session of this.#sessions.values()) await session.settle()
      this.#throwIfClosed()
      began = true
      return await this.#session(become).exchange(script, options)
    } finally {
      // A script killed by our own SIGHUP did not fail.
      this.#throwIfClosed(began)
    }
  }

  #session(become: Become | undefined): Session {
    const identity = become === undefined || become.user === this.#transport.user ? undefined : become
    const key = identity === undefined ? '' : `${identity.user} ${identity.password?.reveal() ?? ''}`
    let session = this.#sessions.get(key)
    if (session === undefined) {
      session = new Session(this.#transport, identity)
      this.#sessions.set(key, session)
    }
    return session
  }

  #throwIfClosed(began = false): void {
    if (this.#closed) throw new Unreachable(`${this.#transport.name}: the connection is closed`, { began })
  }
}
