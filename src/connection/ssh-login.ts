import { networkInterfaces } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { NodeSSH } from 'node-ssh'
import type { Client } from 'ssh2'
import { Authentication } from './authentication.ts'
import { explainConnectFailure, wasDroppedBeforeHandshake } from './connect-failure.ts'
import type { ConnectError } from './login-failure.ts'
import { Unreachable } from './connection.ts'
import { HostKeyCheck } from './host-key.ts'
import { commandLink, directLink, jumpLink, type Link } from './link.ts'
import { reduceLoginSlots, acquireHandshakeSlot, acquireLoginSlot } from './login-slots.ts'
import type { ConnectionSettings } from './settings.ts'
import type { Proxy } from './settings.ts'
import { ServerHello } from './server-algorithms.ts'
import { supportCertificates } from './user-certificate.ts'

/** Attempts at a server that drops connections, and the first delay; each delay is twice the one before. */
const ATTEMPTS = 5
const FIRST_DELAY_MS = 200

/** The exit code of a proxy command arrives after its output has ended. */
const PROXY_EXIT_MS = 100

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
  const { address, port, bindAddress, proxy, connectTimeoutSeconds } = target
  if (bindAddress !== undefined && !isOwnAddress(bindAddress)) {
    // Checked first: without the lab its key is missing too, and an error about the key would mislead.
    throw new Unreachable(explainConnectFailure(target, Object.assign(new Error(), { code: 'EADDRNOTAVAIL' })))
  }
  const server = `${address}:${port}${proxy === undefined ? '' : ` ${proxyName(proxy)}`}`
  const login = new Authentication(target)
  let leftMs = connectTimeoutSeconds * 1000
  try {
    await login.prepare()
    for (let attempts = 1; ; attempts++) {
      const release = await acquireLoginSlot(server, signal)
      const attempt = new Attempt(target, login, leftMs, signal)
      try {
        const { client, loss } = await attempt.run()
        client.once('close', release)
        return { client, loss, releaseSlot: release }
      } catch (error) {
        release()
        if (signal.aborted || error instanceof Unreachable) throw error
        leftMs -= attempt.spentMs
        const pauseMs = FIRST_DELAY_MS * 2 ** (attempts - 1) * (0.5 + Math.random())
        if (!attempt.wasDropped(error as ConnectError) || attempts === ATTEMPTS || leftMs <= pauseMs)
          throw attempt.explain(error as ConnectError)
        // Retries are spread by the jitter, and fewer run at a time.
        reduceLoginSlots(server)
        leftMs -= pauseMs
        await wait(pauseMs, undefined, { signal })
      }
    }
  } catch (error) {
    throw signal.aborted ? new Unreachable(`${target.name}: the connection is closed`) : error
  } finally {
    login.close()
  }
}

/** One attempt to connect and log in. */
class Attempt {
  /** Time spent, without the wait for a slot. */
  spentMs = 0
  readonly #target: ConnectionSettings
  readonly #login: Authentication
  readonly #limitMs: number
  readonly #signal: AbortSignal
  #hello: ServerHello | undefined
  #hasHandshake = false

  constructor(target: ConnectionSettings, login: Authentication, limitMs: number, signal: AbortSignal) {
    this.#target = target
    this.#login = login
    this.#limitMs = limitMs
    this.#signal = signal
  }

  async run(): Promise<Pick<AuthenticatedClient, 'client' | 'loss'>> {
    const link = await this.#connect()
    const end = (): void => void link.stream.destroy()
    this.#signal.addEventListener('abort', end)
    try {
      const release = await acquireHandshakeSlot(this.#signal)
      return await this.#timed(() => this.#handshake(link)).finally(release)
    } catch (error) {
      link.stream.destroy()
      throw await this.#explainProxy(error as Error, link)
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

  /** Whether the server closed the connection before the handshake, as sshd does over its `MaxStartups`. */
  wasDropped(error: ConnectError): boolean {
    return !this.#hasHandshake && wasDroppedBeforeHandshake(error)
  }

  explain(error: ConnectError): Unreachable {
    const { greeting = '' } = this.#hello ?? {}
    const mismatch = this.#hello?.explainMismatch(error.message)
    const login = this.#hasHandshake ? this.#login : undefined
    return new Unreachable(explainConnectFailure(this.#target, error, { greeting, mismatch, login }))
  }

  /** Connects before the handshake, so that hosts that do not answer occupy no handshake slot. */
  async #connect(): Promise<Link> {
    const { proxy } = this.#target
    if (proxy === undefined) return await this.#timed(() => this.#limited((signal) => directLink(this.#target, signal)))
    if ('command' in proxy) return commandLink(proxy.command)
    // The login to the jump host has its own time limit, and waits for its own slots.
    const jump = await logIn(proxy.jump, this.#signal)
    return await this.#timed(() => this.#limited((signal) => jumpLink(this.#target, jump, signal)))
  }

  async #limited<T>(step: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController()
    const timer = setTimeout(
      () => limit.abort(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      this.#limitMs,
    )
    try {
      return await step(AbortSignal.any([this.#signal, limit.signal]))
    } finally {
      clearTimeout(timer)
    }
  }

  /** A proxy command that fails says more than the connection that it ends. */
  async #explainProxy(error: Error, { loss }: Link): Promise<Error> {
    if (loss === undefined || this.#hasHandshake || error instanceof Unreachable || this.#signal.aborted) return error
    await wait(PROXY_EXIT_MS)
    const why = loss()
    return why === undefined ? error : new Unreachable(`${this.#target.name}: ${why}`)
  }

  async #handshake(link: Link): Promise<Pick<AuthenticatedClient, 'client' | 'loss'>> {
    const { name, user, keepalive } = this.#target
    const hostKey = new HostKeyCheck(this.#target)
    const ssh = new NodeSSH()
    let giveUp: (error: ConnectError) => void = () => undefined
    const connecting = ssh.connect({
      sock: link.stream,
      username: user,
      authHandler: this.#login.handler(() => giveUp(loginError('no answer to a prompt', 'client-authentication'))),
      hostVerifier: (key: Buffer) => hostKey.verify(key),
      algorithms: { serverHostKey: hostKey.preferredAlgorithms() },
      readyTimeout: Math.max(1, this.#limitMs - this.spentMs),
      keepaliveInterval: keepalive.intervalSeconds * 1000,
      keepaliveCountMax: keepalive.countMax,
    })
    const client = ssh.connection
    const loss = { why: 'closed by the host or the network' }
    // node-ssh would give up when the agent refuses to sign with one key, and loses the reason of a close.
    const ready = new Promise<void>((resolve, reject) => {
      giveUp = reject
      client?.once('ready', resolve)
      client?.once('close', () => reject(loginError('closed', 'closed')))
      connecting.catch((error: unknown) => (client === null ? reject(error as ConnectError) : undefined))
    })
    // node-ssh removes its listener once connected, and an unhandled error would end the process. `close` reports the
    // loss.
    client?.on('error', (error: ConnectError) => {
      if (error.level === 'agent') return
      loss.why = explainLoss(this.#target, error)
      giveUp(error)
      // A graceful shutdown would still send buffered data: no script may arrive after it was given up.
      link.discard()
    })
    client?.once('handshake', () => {
      this.#hasHandshake = true
      supportCertificates(client)
    })
    client?.on('banner', (text: string) => this.#login.messages.push(...text.split('\n')))
    this.#hello = new ServerHello(link.stream)
    try {
      await ready
    } catch (error) {
      throw hostKey.rejection === undefined ? error : hostKey.rejected(hostKey.rejection)
    }
    // node-ssh sets it to null if the connection was lost immediately.
    if (client === null)
      throw new Unreachable(`${name}: the connection was lost immediately after the login`, { lost: true })
    return { client, loss }
  }
}

const proxyName = (proxy: Proxy): string =>
  'jump' in proxy ? `over ${proxy.jump.address}:${proxy.jump.port}` : `by ${proxy.command}`

const loginError = (message: string, level: string): ConnectError => Object.assign(new Error(message), { level })

function explainLoss({ address, keepalive }: ConnectionSettings, { message, level, code }: ConnectError): string {
  if (level === 'client-timeout') {
    const { intervalSeconds, countMax } = keepalive
    return `${address} has not answered for ${intervalSeconds * (countMax + 1)} s: the host or the network is down`
  }
  return code === 'ECONNRESET' ? 'connection reset' : message
}

const isOwnAddress = (address: string): boolean =>
  address.startsWith('127.') ||
  Object.values(networkInterfaces())
    .flat()
    .some((own) => own?.address === address)
