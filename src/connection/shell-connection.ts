import type { Line } from './channel.ts'
import { type Become, type Connection, type Exchange, type ExchangeOptions, Unreachable } from './connection.ts'
import { Session } from './session.ts'

/** A connection that keeps one shell per user on a line, and lets one script run at a time. */
export class ShellConnection implements Connection {
  readonly #line: Line
  readonly #sessions = new Map<string, Session>()
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(line: Line) {
    this.#line = line
  }

  open(): void {
    if (!this.#closed) this.#line.open()
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
    await this.#line.close()
  }

  async #exchange(script: string, { become, ...options }: ExchangeOptions): Promise<Exchange> {
    this.#throwIfClosed()
    let began = false
    try {
      // Whoever's script was interrupted: it must not run side by side with this one.
      for (const session of this.#sessions.values()) await session.settle()
      this.#throwIfClosed()
      began = true
      return await this.#session(become).exchange(script, options)
    } finally {
      // A script that our own hang-up ended has not ended by itself.
      this.#throwIfClosed(began)
    }
  }

  #session(become: Become | undefined): Session {
    const identity = become === undefined || become.user === this.#line.user ? undefined : become
    const key = identity === undefined ? '' : `${identity.user} ${identity.password?.reveal() ?? ''}`
    let session = this.#sessions.get(key)
    if (session === undefined) {
      session = new Session(this.#line, identity)
      this.#sessions.set(key, session)
    }
    return session
  }

  #throwIfClosed(began = false): void {
    if (this.#closed) throw new Unreachable(`${this.#line.name}: the connection has been closed`, { began })
  }
}
