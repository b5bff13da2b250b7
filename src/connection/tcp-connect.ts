import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'

/** The next address is tried after this time, or when the one before has failed; it does not end that attempt. */
const NEXT_ADDRESS_MS = 250

interface TcpTarget {
  readonly address: string
  readonly port: number
  readonly bindAddress?: string
}

/**
 * Connects to the first address of a host that answers. Node's own way ends an attempt after 250 ms to try the next
 * address, so that a slow host with two addresses is never reached.
 *
 * @returns a paused socket: no data may be read before ssh2 listens.
 * @throws the signal's reason, or the error of the address that got furthest.
 */
export async function connectTcp(target: TcpTarget, signal: AbortSignal): Promise<Socket> {
  const family = target.bindAddress === undefined ? 0 : isIP(target.bindAddress)
  const addresses = await orAborted(addressesOf(target.address, family), signal)
  const attempts: Attempt[] = []
  try {
    for (const address of addresses) {
      attempts.push(attempt(target, address))
      const all = Promise.any(attempts.map(({ connected }) => connected))
      all.catch(() => undefined)
      const last = attempts.length === addresses.length
      const { promise: pause, clear } = last ? { promise: undefined, clear: () => undefined } : timer(NEXT_ADDRESS_MS)
      const socket = await orAborted(Promise.race([all, ...(pause === undefined ? [] : [pause])]), signal)
        .catch((error: unknown) => {
          if (last || signal.aborted) throw error
        })
        .finally(clear)
      if (socket === undefined) continue
      attempts.splice(
        attempts.findIndex((one) => one.socket === socket),
        1,
      )
      return socket
    }
    throw new Error('no address')
  } catch (error) {
    throw error instanceof AggregateError ? furthest(error.errors as NodeJS.ErrnoException[]) : error
  } finally {
    for (const { socket } of attempts) socket.destroy()
  }
}

interface Attempt {
  readonly socket: Socket
  readonly connected: Promise<Socket>
}

function attempt({ port, bindAddress }: TcpTarget, host: string): Attempt {
  const socket = connect({
    host,
    port,
    noDelay: true,
    ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
  })
  socket.pause()
  const connected = new Promise<Socket>((resolve, reject) => {
    // The listener stays: an error of an attempt that nobody awaits must not end the process.
    socket.on('error', reject)
    socket.once('connect', () => resolve(socket))
  })
  connected.catch(() => undefined)
  return { socket, connected }
}

/** The addresses to try, of one family or, by turns, of both. */
async function addressesOf(host: string, family: number): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  const all = await lookup(host, { all: true })
  const usable = family === 0 ? all : all.filter((one) => one.family === family)
  if (usable.length === 0) {
    throw Object.assign(new Error(`it has no IPv${family} address`), { code: NO_ADDRESS_OF_FAMILY })
  }
  const [first, second] = [
    usable.filter((one) => one.family === usable[0]?.family),
    usable.filter((one) => one.family !== usable[0]?.family),
  ]
  return first
    .flatMap((one, i) => [one, ...second.slice(i, i + 1)])
    .concat(second.slice(first.length))
    .map(({ address }) => address)
}

/** The code of the error when a host has no address of the bind address's family. */
export const NO_ADDRESS_OF_FAMILY = 'NO_ADDRESS_OF_FAMILY'

/** An address that cannot be reached at all says less than one that refused. */
const furthest = (errors: readonly NodeJS.ErrnoException[]): Error =>
  errors.find(({ code }) => code === 'ECONNREFUSED') ??
  errors.find(({ code }) => code !== 'ENETUNREACH' && code !== 'EADDRNOTAVAIL') ??
  (errors[0] as Error)

function timer(ms: number): { promise: Promise<undefined>; clear: () => void } {
  let clear = (): void => undefined
  const promise = new Promise<undefined>((resolve) => {
    const timeout = setTimeout(resolve, ms, undefined)
    clear = () => clearTimeout(timeout)
  })
  return { promise, clear }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
