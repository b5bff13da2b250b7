import type { Transport } from './transport.ts'
import { type Become, type Connection, type ExecResult, type ExecOptions, Unreachable } from './connection.ts'
import { DEFAULT_SUDO, type SudoCommand } from './session-program.ts'
import { UserSession } from './user-session.ts'

/** A connection with one session per user, which runs one script at a time. */
export class HostConnection implements Connection {
  readonly #transport: Transport
  readonly #sudo: SudoCommand
  readonly #sessions = new Map<string, UserSession>()
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(transport: Transport, sudo: SudoCommand = DEFAULT_SUDO) {
    this.#transport = transport
    this.#sudo = sudo
  }

  preconnect(): void {
    if (!this.#closed) this.#transport.preconnect()
  }

  exec(script: string, options: ExecOptions): Promise<ExecResult> {
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

  async #exchange(script: string, { become, ...options }: ExecOptions): Promise<ExecResult> {
    this.#throwIfClosed()
    let began = false
    try {
      // Interrupted scripts of any user must not run in parallel with this one.
      for (const session of this.#sessions.values()) await session.endInterrupted()
      this.#throwIfClosed()
      began = true
      return await this.#session(become).exec(script, options)
    } finally {
      // A script killed by our own SIGHUP did not fail.
      this.#throwIfClosed(began)
    }
  }

  #session(become: Become | undefined): UserSession {
    const identity = become === undefined || become.user === this.#transport.user ? undefined : become
    const key = identity === undefined ? '' : `${identity.user} ${identity.password?.reveal() ?? ''}`
    let session = this.#sessions.get(key)
    if (session === undefined) {
      session = new UserSession(this.#transport, identity, this.#sudo)
      this.#sessions.set(key, session)
    }
    return session
  }

  #throwIfClosed(began = false): void {
    if (this.#closed) throw new Unreachable(`${this.#transport.name}: the connection is closed`, { began })
  }
}
