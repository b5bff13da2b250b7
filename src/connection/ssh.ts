import type { ClientChannel } from 'ssh2'
import { type Channel, type Ending, LAST_WORDS_MS, type Line } from './channel.ts'
import { Unreachable } from './connection.ts'
import { type LoggedIn, logIn } from './ssh-login.ts'
import type { Target } from './target.ts'

/** One SSH connection, made when it is first needed, and made anew after it was lost. */
export class SshLine implements Line {
  readonly name: string
  readonly user: string
  readonly startSeconds: number
  readonly #target: Target
  #connection: Promise<LoggedIn> | undefined
  /** Asked for ahead, and not used yet. */
  #opened: Promise<LoggedIn> | undefined
  /** Ends the one that is made or in use. */
  #end = new AbortController()
  #closed = false

  constructor(target: Target) {
    this.name = target.name
    this.user = target.user
    // Slow logins come with slow shells: a directory service that does not answer, a profile that asks the network.
    this.startSeconds = 12 * target.connectTimeoutSeconds
    this.#target = target
  }

  open(): void {
    if (this.#closed || this.#connection !== undefined) return
    this.#opened = this.#connected()
    this.#opened.catch(() => undefined)
  }

  async start(command: string): Promise<Channel> {
    const connection = await (this.#failedOpening() ?? this.#connected())
    const { client, settled, loss } = connection
    return new Promise((resolve, reject) => {
      // A connection that is lost now never calls back.
      const lost = (): void => {
        clearTimeout(timer)
        const message = `${this.name}: the connection was lost before a shell had started (${loss.why})`
        reject(new Unreachable(message, { lost: true }))
      }
      client.once('close', lost)
      // Without keepalive nothing else tells that nobody is there.
      const timer = setTimeout(() => {
        loss.why = `${this.#target.address} has not answered for ${this.startSeconds} s`
        this.drop()
      }, this.startSeconds * 1000)
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

  drop(): void {
    this.#connection = undefined
    this.#end.abort()
    this.#end = new AbortController()
  }

  sibling(): Line {
    return new SshLine(this.#target)
  }

  close(): Promise<void> {
    this.#closed = true
    this.#end.abort()
    return Promise.resolve()
  }

  /** A login that failed before anyone asked for it is not tried again: the server may count wrong answers. */
  #failedOpening(): Promise<LoggedIn> | undefined {
    const opened = this.#opened
    this.#opened = undefined
    return this.#connection === undefined ? opened : undefined
  }

  #connected(): Promise<LoggedIn> {
    if (this.#closed) return Promise.reject(new Unreachable(`${this.name}: the connection has been closed`))
    if (this.#connection === undefined) {
      const { signal } = this.#end
      const connection = logIn(this.#target, signal)
      const forget = (): void => {
        if (this.#connection === connection) this.#connection = undefined
      }
      this.#connection = connection
      connection.then(({ client }) => {
        client.once('close', forget)
        // Without ssh2's goodbye (`end`): a peer that is gone never answers it, and after it `destroy` does nothing.
        if (signal.aborted) client.destroy()
        else signal.addEventListener('abort', () => client.destroy(), { once: true })
      }, forget)
    }
    return this.#connection
  }

  /** Why sshd starts no shell. ssh2 gives the reason of a refused channel as a number. */
  #explainRefusal(error: Error & { reason?: unknown }): string {
    if (error.reason === undefined) return `sshd starts no shell for ${this.user}: ${error.message}`
    return (
      `sshd refuses a further session on the connection of ${this.user}; each user that scripts run as needs one. ` +
      `Raise MaxSessions in /etc/ssh/sshd_config on ${this.name} (its default is 10), or log in as the user to become ` +
      '(ansible_user)'
    )
  }
}

function asChannel(channel: ClientChannel, { client, loss }: LoggedIn): Channel {
  // Writing to a shell that has ended; that it ended is told by `closed`.
  channel.on('error', () => undefined)
  const closed = new Promise<Ending>((resolve) => {
    // Of a shell that ended by itself the exit code or signal comes before the end.
    channel.once('exit', () => {
      channel.once('close', () => resolve({ exited: true }))
      setTimeout(resolve, LAST_WORDS_MS, { exited: true })
    })
    const lost = (): void => resolve({ exited: false, why: loss.why })
    channel.once('close', () => setImmediate(lost))
    client.once('close', lost)
  })
  return { stdin: channel, stdout: channel, stderr: channel.stderr, closed, destroy: () => channel.close() }
}
