import { connect as connectTcp, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { NodeSSH } from 'node-ssh'
import type { Client } from 'ssh2'
import { type ConnectError, explainConnectFailure, wasTurnedAway } from './connect-failure.ts'
import { Unreachable } from './connection.ts'
import { HostKeyCheck } from './host-key.ts'
import { type Login, loginMethods } from './login.ts'
import { fewerLogins, handshakeTurn, loginTurn } from './login-turns.ts'
import type { Target } from './target.ts'

/**
 * How often a server that turns us away is asked, and how long after the first time; each next wait is twice as long.
 */
const TRIES = 5
const FIRST_WAIT_MS = 200

/** A connection that is logged in. */
export interface LoggedIn {
  readonly client: Client
  /** Once it was lost: why, as far as it is known. */
  readonly loss: { why: string }
  /**
   * Tells that the server counts this login as done, which it surely does once it has opened a channel: the next one
   * may start. May be called more than once.
   */
  readonly settled: () => void
}

/**
 * Connects and logs in when its turn comes. The time spent in queues does not count towards the connect timeout.
 *
 * @param signal ends it, whatever its state.
 * @throws {Unreachable}
 */
export async function logIn(target: Target, signal: AbortSignal): Promise<LoggedIn> {
  const { address, port, bindAddress, connectTimeoutSeconds } = target
  if (bindAddress !== undefined && !isOwnAddress(bindAddress)) {
    // Asked first: where the lab is down its key is gone too, and the missing key would be the wrong thing to mend.
    throw explain(target, { code: 'EADDRNOTAVAIL' }, { methods: [], tried: '' })
  }
  const server = `${address}:${port}`
  let login = loginMethods(target)
  let agent = process.env['SSH_AUTH_SOCK']
  let leftMs = connectTimeoutSeconds * 1000
  for (let tries = 1; ; tries++) {
    const leave = await loginTurn(server, signal).catch(() => closedError(target))
    const attempt = new Attempt(target, login, leftMs, signal)
    try {
      const { client, loss } = await attempt.run()
      client.once('close', leave)
      return { client, loss, settled: leave }
    } catch (error) {
      leave()
      if (signal.aborted) return closedError(target)
      leftMs -= attempt.spentMs
      if ((error as ConnectError).level === 'agent' && agent !== '') {
        // SSH_AUTH_SOCK is left over from an agent that is gone.
        agent = ''
        login = loginMethods(target, agent)
        continue
      }
      const pauseMs = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random())
      if (!wasTurnedAway(error as ConnectError) || tries === TRIES || leftMs <= pauseMs) {
        throw explain(target, error, login, attempt.greeting)
      }
      // Those that were turned away together come back at different times, and not as many at once.
      fewerLogins(server)
      leftMs -= pauseMs
      await wait(pauseMs, undefined, { signal }).catch(() => closedError(target))
    }
  }
}

/** One call at the server's door. */
class Attempt {
  /** What the server said before it said that it speaks SSH. sshd tells so why it turns someone away. */
  greeting = ''
  /** How much of the time limit it took, without the wait for its turn. */
  spentMs = 0
  readonly #target: Target
  readonly #login: Login
  readonly #limitMs: number
  readonly #signal: AbortSignal

  constructor(target: Target, login: Login, limitMs: number, signal: AbortSignal) {
    this.#target = target
    this.#login = login
    this.#limitMs = limitMs
    this.#signal = signal
  }

  async run(): Promise<Pick<LoggedIn, 'client' | 'loss'>> {
    const socket = await this.#timed(() => this.#call())
    const end = (): void => void socket.destroy()
    this.#signal.addEventListener('abort', end)
    try {
      const leave = await handshakeTurn(this.#signal)
      return await this.#timed(() => this.#handshake(socket)).finally(leave)
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      this.#signal.removeEventListener('abort', end)
    }
  }

  async #timed<T>(step: () => Promise<T>): Promise<T> {
    const since = performance.now()
    try {
      return await step()
    } finally {
      this.spentMs += performance.now() - since
    }
  }

  /** A socket of our own, so that hosts that do not answer keep none waiting that do. */
  #call(): Promise<Socket> {
    const { address, port, bindAddress } = this.#target
    return new Promise((resolve, reject) => {
      const socket = connectTcp({
        host: address,
        port,
        noDelay: true,
        ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
      })
      const fail = (error: Error): void => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', abort)
        socket.destroy()
        reject(error)
      }
      const abort = (): void => fail(this.#signal.reason as Error)
      const timer = setTimeout(() => fail(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), this.#limitMs)
      this.#signal.addEventListener('abort', abort)
      // Nothing is read before ssh2 listens.
      socket.pause()
      socket.once('error', fail)
      socket.once('connect', () => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', abort)
        socket.removeListener('error', fail)
        resolve(socket)
      })
    })
  }

  async #handshake(socket: Socket): Promise<Pick<LoggedIn, 'client' | 'loss'>> {
    const { name, user, keepalive } = this.#target
    const hostKey = new HostKeyCheck(this.#target)
    const ssh = new NodeSSH()
    const connecting = ssh.connect({
      sock: socket,
      username: user,
      authHandler: this.#login.methods,
      hostVerifier: (key: Buffer) => hostKey.accepts(key),
      algorithms: { serverHostKey: hostKey.algorithms() },
      readyTimeout: Math.max(1, this.#limitMs - this.spentMs),
      keepaliveInterval: keepalive.intervalSeconds * 1000,
      keepaliveCountMax: keepalive.countMax,
    })
    const client = ssh.connection
    const loss = { why: 'the host or the network closed it' }
    // node-ssh stops listening once it is connected, and an error nobody listens for ends the process. What comes of it
    // is told by `close`.
    client?.on('error', (error: ConnectError) => {
      loss.why = explainLoss(this.#target, error)
      // Without a goodbye the machine would go on sending what the host has not taken yet. A script must not arrive
      // there after we have given it up.
      socket.resetAndDestroy()
    })
    socket.once('data', (first: Buffer) => {
      if (!first.toString('latin1').startsWith('SSH-')) this.greeting = first.toString().split('\n')[0]?.trim() ?? ''
    })
    try {
      await connecting
    } catch (error) {
      throw hostKey.refusal === undefined ? error : new Unreachable(hostKey.refusal)
    }
    // It may be lost in the moment it is made; then node-ssh has dropped it.
    if (client === null)
      throw new Unreachable(`${name}: the connection was lost as soon as it was made`, { lost: true })
    return { client, loss }
  }
}

function explainLoss({ address, keepalive }: Target, { message, level, code }: ConnectError): string {
  if (level === 'client-timeout') {
    const { intervalSeconds, countMax } = keepalive
    return `${address} has not answered for ${intervalSeconds * (countMax + 1)} s: the machine or the network to it is down`
  }
  return code === 'ECONNRESET' ? 'it was reset' : message
}

function explain(target: Target, error: unknown, login: Login, greeting = ''): Unreachable {
  if (error instanceof Unreachable) return error
  return new Unreachable(explainConnectFailure(target, error as ConnectError, login.tried, greeting))
}

function closedError({ name }: Target): never {
  throw new Unreachable(`${name}: the connection has been closed`)
}

const isOwnAddress = (address: string): boolean =>
  address.startsWith('127.') ||
  Object.values(networkInterfaces())
    .flat()
    .some((own) => own?.address === address)
