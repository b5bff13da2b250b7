import { connect as connectTcp, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { NodeSSH } from 'node-ssh'
import type { Client } from 'ssh2'
import { type ConnectError, explainConnectFailure, wasDroppedBeforeHandshake } from './connect-failure.ts'
import { Unreachable } from './connection.ts'
import { HostKeyCheck } from './host-key.ts'
import { type Authentication, authentication } from './authentication.ts'
import { reduceLoginSlots, acquireHandshakeSlot, acquireLoginSlot } from './login-slots.ts'
import type { ConnectionSettings } from './connection-settings.ts'

/** Attempts at a server that drops connections, and the first delay; each delay is twice the one before. */
const ATTEMPTS = 5
const FIRST_DELAY_MS = 200

/** An authenticated SSH connection. */
export interface AuthenticatedClient {
  readonly client: Client
  /** Why it was lost, as far as known. */
  readonly loss: { why: string }
  /**
   * Releases the login slot, once a channel shows that the server has completed the login. May be called more than
   * once.
   */
  readonly releaseSlot: () => void
}

/**
 * Connects and logs in when a slot is free. The wait for a slot does not count towards the connect timeout.
 *
 * @param signal aborts it in any state.
 * @throws {Unreachable}
 */
export async function logIn(target: ConnectionSettings, signal: AbortSignal): Promise<AuthenticatedClient> {
  const { address, port, bindAddress, connectTimeoutSeconds } = target
  if (bindAddress !== undefined && !isOwnAddress(bindAddress)) {
    // Checked first: without the lab its key is missing too, and an error about the key would mislead.
    throw explain(target, { code: 'EADDRNOTAVAIL' }, { methods: [], labels: '' })
  }
  const server = `${address}:${port}`
  let login = authentication(target)
  let agent = process.env['SSH_AUTH_SOCK']
  let leftMs = connectTimeoutSeconds * 1000
  for (let attempts = 1; ; attempts++) {
    const release = await acquireLoginSlot(server, signal).catch(() => closedError(target))
    const attempt = new Attempt(target, login, leftMs, signal)
    try {
      const { client, loss } = await attempt.run()
      client.once('close', release)
      return { client, loss, releaseSlot: release }
    } catch (error) {
      release()
      if (signal.aborted) return closedError(target)
      leftMs -= attempt.spentMs
      if ((error as ConnectError).level === 'agent' && agent !== '') {
        // SSH_AUTH_SOCK points to an agent that has exited.
        agent = ''
        login = authentication(target, agent)
        continue
      }
      const pauseMs = FIRST_DELAY_MS * 2 ** (attempts - 1) * (0.5 + Math.random())
      if (!wasDroppedBeforeHandshake(error as ConnectError) || attempts === ATTEMPTS || leftMs <= pauseMs) {
        throw explain(target, error, login, attempt.greeting)
      }
      // Retries are spread by the jitter, and fewer run at a time.
      reduceLoginSlots(server)
      leftMs -= pauseMs
      await wait(pauseMs, undefined, { signal }).catch(() => closedError(target))
    }
  }
}

/** One attempt to connect and log in. */
class Attempt {
  /** What the server printed before its SSH banner: sshd's reason for dropping the connection. */
  greeting = ''
  /** Time spent, without the wait for a slot. */
  spentMs = 0
  readonly #target: ConnectionSettings
  readonly #login: Authentication
  readonly #limitMs: number
  readonly #signal: AbortSignal

  constructor(target: ConnectionSettings, login: Authentication, limitMs: number, signal: AbortSignal) {
    this.#target = target
    this.#login = login
    this.#limitMs = limitMs
    this.#signal = signal
  }

  async run(): Promise<Pick<AuthenticatedClient, 'client' | 'loss'>> {
    const socket = await this.#timed(() => this.#connectTcp())
    const end = (): void => void socket.destroy()
    this.#signal.addEventListener('abort', end)
    try {
      const release = await acquireHandshakeSlot(this.#signal)
      return await this.#timed(() => this.#handshake(socket)).finally(release)
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

  /** Opens the socket itself, so that hosts that do not answer occupy no handshake slot. */
  #connectTcp(): Promise<Socket> {
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
      // No data may be read before ssh2 listens.
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

  async #handshake(socket: Socket): Promise<Pick<AuthenticatedClient, 'client' | 'loss'>> {
    const { name, user, keepalive } = this.#target
    const hostKey = new HostKeyCheck(this.#target)
    const ssh = new NodeSSH()
    const connecting = ssh.connect({
      sock: socket,
      username: user,
      authHandler: this.#login.methods,
      hostVerifier: (key: Buffer) => hostKey.verify(key),
      algorithms: { serverHostKey: hostKey.preferredAlgorithms() },
      readyTimeout: Math.max(1, this.#limitMs - this.spentMs),
      keepaliveInterval: keepalive.intervalSeconds * 1000,
      keepaliveCountMax: keepalive.countMax,
    })
    const client = ssh.connection
    const loss = { why: 'closed by the host or the network' }
    // node-ssh removes its listener once connected, and an unhandled error would end the process. `close` reports the
    // loss.
    client?.on('error', (error: ConnectError) => {
      loss.why = explainLoss(this.#target, error)
      // Reset, because a graceful shutdown would still send buffered data: no script may arrive after it was given up.
      socket.resetAndDestroy()
    })
    socket.once('data', (first: Buffer) => {
      if (!first.toString('latin1').startsWith('SSH-')) this.greeting = first.toString().split('\n')[0]?.trim() ?? ''
    })
    try {
      await connecting
    } catch (error) {
      throw hostKey.rejection === undefined ? error : new Unreachable(hostKey.rejection)
    }
    // node-ssh sets it to null if the connection was lost immediately.
    if (client === null)
      throw new Unreachable(`${name}: the connection was lost immediately after the login`, { lost: true })
    return { client, loss }
  }
}

function explainLoss({ address, keepalive }: ConnectionSettings, { message, level, code }: ConnectError): string {
  if (level === 'client-timeout') {
    const { intervalSeconds, countMax } = keepalive
    return `${address} has not answered for ${intervalSeconds * (countMax + 1)} s: the host or the network is down`
  }
  return code === 'ECONNRESET' ? 'connection reset' : message
}

function explain(target: ConnectionSettings, error: unknown, login: Authentication, greeting = ''): Unreachable {
  if (error instanceof Unreachable) return error
  return new Unreachable(explainConnectFailure(target, error as ConnectError, login.labels, greeting))
}

function closedError({ name }: ConnectionSettings): never {
  throw new Unreachable(`${name}: the connection is closed`)
}

const isOwnAddress = (address: string): boolean =>
  address.startsWith('127.') ||
  Object.values(networkInterfaces())
    .flat()
    .some((own) => own?.address === address)
