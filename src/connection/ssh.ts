import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { NodeSSH } from 'node-ssh'
import type { Client, ClientChannel } from 'ssh2'
import { type Channel, LAST_WORDS_MS, type Line } from './channel.ts'
import { type ConnectError, explainConnectFailure, wasTurnedAway } from './connect-failure.ts'
import { Unreachable } from './connection.ts'
import { HostKeyCheck } from './host-key.ts'
import { type Login, loginMethods } from './login.ts'
import type { Target } from './target.ts'

/** A line that is silent for this long is asked whether it lives; after three times without an answer it is lost. */
const KEEPALIVE_MS = 15_000

/** One SSH connection, made when it is first needed, and made anew after it was lost. */
export class SshLine implements Line {
  readonly name: string
  readonly user: string
  readonly #target: Target
  #client: Promise<Client> | undefined
  /** The one that is made or in use, to end it whatever its state. */
  #latest: Client | undefined
  #closed = false

  constructor(target: Target) {
    this.name = target.name
    this.user = target.user
    this.#target = target
  }

  async start(command: string): Promise<Channel> {
    const client = await this.#connected()
    return new Promise((resolve, reject) => {
      // A connection that is lost now never calls back.
      const lost = (): void => {
        reject(new Unreachable(`${this.name}: the connection was lost before a shell had started`))
      }
      client.once('close', lost)
      try {
        client.exec(command, (error: Error | undefined, channel) => {
          client.removeListener('close', lost)
          if (error === undefined) resolve(asChannel(channel, client))
          else reject(new Unreachable(`${this.name}: sshd starts no shell for ${this.user}: ${error.message}`))
        })
      } catch {
        lost()
      }
    })
  }

  close(): Promise<void> {
    this.#closed = true
    // Without ssh2's goodbye (`end`): a peer that is gone never answers it, and after it `destroy` does nothing.
    this.#latest?.destroy()
    return Promise.resolve()
  }

  #connected(): Promise<Client> {
    if (this.#client === undefined) {
      const client = this.#connect()
      const forget = (): void => {
        if (this.#client === client) this.#client = undefined
      }
      this.#client = client
      client.then((connected) => connected.once('close', forget), forget)
    }
    return this.#client
  }

  async #connect(): Promise<Client> {
    const { bindAddress } = this.#target
    if (bindAddress !== undefined && !isOwnAddress(bindAddress)) {
      // Asked first: where the lab is down its key is gone too, and the missing key would be the wrong thing to mend.
      throw this.#explain({ code: 'EADDRNOTAVAIL' }, { methods: [], tried: '' })
    }
    let login = loginMethods(this.#target)
    try {
      return await this.#attempt(login)
    } catch (error) {
      const { level } = error as ConnectError
      if (this.#closed) throw new Unreachable(`${this.name}: the connection has been closed`)
      if (level === 'agent') {
        // SSH_AUTH_SOCK is left over from an agent that is gone.
        login = loginMethods(this.#target, '')
      } else if (wasTurnedAway(error as ConnectError)) {
        // sshd turns connections away at random while many log in at once: those it did, come back at different times.
        await wait(200 + Math.random() * 800)
      } else {
        throw this.#explain(error, login)
      }
    }
    return this.#attempt(login).catch((error: unknown) => {
      throw this.#explain(error, login)
    })
  }

  #explain(error: unknown, login: Login): Unreachable {
    if (error instanceof Unreachable) return error
    return new Unreachable(explainConnectFailure(this.#target, error as ConnectError, login.tried))
  }

  async #attempt({ methods }: Login): Promise<Client> {
    const { address, port, user, bindAddress, connectTimeoutSeconds } = this.#target
    const hostKey = new HostKeyCheck(this.#target)
    const ssh = new NodeSSH()
    const connecting = ssh.connect({
      host: address,
      port,
      username: user,
      authHandler: methods,
      hostVerifier: (key: Buffer) => hostKey.accepts(key),
      algorithms: { serverHostKey: hostKey.algorithms() },
      readyTimeout: connectTimeoutSeconds * 1000,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: 3,
      ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
    })
    const client = ssh.connection
    this.#latest = client ?? undefined
    // node-ssh stops listening once it is connected, and an error nobody listens for ends the process. What comes of it
    // is told by `close`.
    client?.on('error', () => undefined)
    client?.setNoDelay(true)
    try {
      await connecting
    } catch (error) {
      client?.destroy()
      throw hostKey.refusal === undefined ? error : new Unreachable(hostKey.refusal)
    }
    // It may be lost in the moment it is made; then node-ssh has dropped it.
    if (client === null) throw new Unreachable(`${this.name}: the connection was lost as soon as it was made`)
    return client
  }
}

const isOwnAddress = (address: string): boolean =>
  address.startsWith('127.') || Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address))

function asChannel(channel: ClientChannel, client: Client): Channel {
  // Writing to a shell that has ended; that it ended is told by `closed`.
  channel.on('error', () => undefined)
  const closed = new Promise<'exited' | 'lost'>((resolve) => {
    // Of a shell that ended by itself the exit code or signal comes before the end.
    channel.once('exit', () => {
      channel.once('close', () => resolve('exited'))
      setTimeout(resolve, LAST_WORDS_MS, 'exited')
    })
    channel.once('close', () => setImmediate(resolve, 'lost'))
    client.once('close', () => resolve('lost'))
  })
  return { stdin: channel, stdout: channel, stderr: channel.stderr, closed, destroy: () => channel.close() }
}
