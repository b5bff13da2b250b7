import type { ClientChannel } from 'ssh2'
import { type Channel, type ChannelEnd, OUTPUT_GRACE_MS, type Transport } from './transport.ts'
import { Unreachable } from './connection.ts'
import type { AuthenticatedClient } from './ssh-login.ts'
import type { ConnectionSettings } from './settings.ts'

/** One SSH connection: established on first use, re-established after it was lost. */
export class SshTransport implements Transport {
  readonly name: string
  readonly user: string
  readonly startTimeoutSeconds: number
  readonly #target: ConnectionSettings
  #connection: Promise<AuthenticatedClient> | undefined
  /** Opened ahead and not used yet. */
  #opened: Promise<AuthenticatedClient> | undefined
  /** Aborts the current connection or login. */
  #abort = new AbortController()
  #closed = false

  constructor(target: ConnectionSettings) {
    this.name = target.name
    this.user = target.user
    // A host with slow logins has slow shells too: a directory service, a profile that uses the network.
    this.startTimeoutSeconds = 12 * target.connectTimeoutSeconds
    this.#target = target
  }

  preconnect(): void {
    if (this.#closed || this.#connection !== undefined) return
    this.#opened = this.#connect()
    this.#opened.catch(() => undefined)
  }

  async exec(command: string): Promise<Channel> {
    const connection = await (this.#takeOpened() ?? this.#connect())
    const { client, releaseSlot: settled, loss } = connection
    return new Promise((resolve, reject) => {
      // If the connection is lost now, the callback is never called.
      const lost = (): void => {
        clearTimeout(timer)
        const message = `${this.name}: the connection was lost before a shell started (${loss.why})`
        reject(new Unreachable(message, { lost: true }))
      }
      client.once('close', lost)
      // Without keepalive nothing else detects a dead connection.
      const timer = setTimeout(() => {
        loss.why = `${this.#target.address} has not answered for ${this.startTimeoutSeconds} s`
        this.disconnect()
      }, this.startTimeoutSeconds * 1000)
      try {
        client.exec(command, (error: Error | undefined, channel) => {
          client.removeListener('close', lost)
          clearTimeout(timer)
          settled()
          if (error === undefined) resolve(asChannel(channel, connection))
          else reject(new Unreachable(`${this.name}: ${this.#explainRefusal(error)}`))
        })
      } catch {
        lost()
      }
    })
  }

  disconnect(): void {
    this.#connection = undefined
    this.#abort.abort()
    this.#abort = new AbortController()
  }

  clone(): Transport {
    return new SshTransport(this.#target)
  }

  close(): Promise<void> {
    this.#closed = true
    this.#abort.abort()
    return Promise.resolve()
  }

  /** A login opened ahead that failed is not retried: the server may count failed logins. */
  #takeOpened(): Promise<AuthenticatedClient> | undefined {
    const opened = this.#opened
    this.#opened = undefined
    return this.#connection === undefined ? opened : undefined
  }

  #connect(): Promise<AuthenticatedClient> {
    if (this.#closed) return Promise.reject(new Unreachable(`${this.name}: the connection is closed`))
    if (this.#connection === undefined) {
      const { signal } = this.#abort
      // On demand, as in index.ts.
      const connection = import('./ssh-login.ts').then(({ logIn }) => logIn(this.#target, signal))
      const forget = (): void => {
        if (this.#connection === connection) this.#connection = undefined
      }
      this.#connection = connection
      connection.then(({ client }) => {
        client.once('close', forget)
        // Not `end`: a dead peer never answers its disconnect message, and `destroy` has no effect afterwards.
        if (signal.aborted) client.destroy()
        else signal.addEventListener('abort', () => client.destroy(), { once: true })
      }, forget)
    }
    return this.#connection
  }

  /** Why sshd starts no shell. ssh2 reports the reason of a refused channel as a number. */
  #explainRefusal(error: Error & { reason?: unknown }): string {
    if (error.reason === undefined) return `sshd did not start a shell for ${this.user}: ${error.message}`
    return (
      `sshd refused another session on the connection of ${this.user}; each become user needs one. ` +
      `Raise MaxSessions in /etc/ssh/sshd_config on ${this.name} (default: 10), or log in as the become user (ansible_user)`
    )
  }
}

function asChannel(channel: ClientChannel, { client, loss }: AuthenticatedClient): Channel {
  // A write after the shell has ended; `closed` reports the end.
  channel.on('error', () => undefined)
  const closed = new Promise<ChannelEnd>((resolve) => {
    // A shell that exits reports its exit code or signal before the close.
    channel.once('exit', (code: number | null) => {
      const ending: ChannelEnd = code === null ? { exited: true } : { exited: true, code }
      channel.once('close', () => resolve(ending))
      setTimeout(resolve, OUTPUT_GRACE_MS, ending)
    })
    const lost = (): void => resolve({ exited: false, reason: loss.why })
    channel.once('close', () => setImmediate(lost))
    client.once('close', lost)
  })
  return { stdin: channel, stdout: channel, stderr: channel.stderr, closed, destroy: () => channel.close() }
}
