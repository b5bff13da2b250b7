import { setTimeout as wait } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'

/**
 * sshd drops connections at random from the 10th unauthenticated one (`MaxStartups` 10:30:100); leave some for others.
 */
const PER_SERVER = 6
/** A handshake is CPU-bound in this one process: more at a time would only slow each of them down. */
const HANDSHAKES = 24
/** Spreads concurrent logins to one server. */
const JITTER_MS = 20

const servers = new Map<string, LimitFunction>()
const handshakes = pLimit(HANDSHAKES)

function limitOf(server: string): LimitFunction {
  let limit = servers.get(server)
  if (limit === undefined) {
    limit = pLimit(PER_SERVER)
    servers.set(server, limit)
  }
  return limit
}

/**
 * Waits for a login slot of a server (`address:port`). All connections of the process share the slots.
 *
 * @returns releases the slot; may be called more than once.
 * @throws an AbortError if `signal` aborts first.
 */
export async function acquireLoginSlot(server: string, signal: AbortSignal): Promise<() => void> {
  const limit = limitOf(server)
  const release = await acquire(limit, signal)
  if (limit.activeCount > 1) {
    await wait(Math.random() * JITTER_MS, undefined, { signal }).catch((error: unknown) => {
      release()
      throw error
    })
  }
  return release
}

/** Waits for a handshake slot, once the TCP connection is up. As {@link acquireLoginSlot}. */
export const acquireHandshakeSlot = (signal: AbortSignal): Promise<() => void> => acquire(handshakes, signal)

/** Halves a server's login slots after it dropped a connection. */
export function reduceLoginSlots(server: string): void {
  const limit = limitOf(server)
  limit.concurrency = Math.max(1, Math.floor(limit.concurrency / 2))
}

function acquire(limit: LimitFunction, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    void limit(
      () =>
        new Promise<void>((release) => {
          signal.removeEventListener('abort', abort)
          if (signal.aborted) {
            abort()
            release()
          } else {
            resolve(release)
          }
        }),
    )
  })
}
