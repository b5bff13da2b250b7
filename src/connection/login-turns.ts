import { setTimeout as wait } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'

/** sshd turns away, at random, from the 10th unfinished login on (`MaxStartups` 10:30:100). Others log in as well. */
const AT_ONE_SERVER = 6
/** A login is mostly arithmetic, done by this one process: more at a time would only make each of them slower. */
const OVERALL = 24
/** Logins at one server that come together do not start at the very same moment. */
const JITTER_MS = 20

const servers = new Map<string, LimitFunction>()
const overall = pLimit(OVERALL)

function limitOf(server: string): LimitFunction {
  let limit = servers.get(server)
  if (limit === undefined) {
    limit = pLimit(AT_ONE_SERVER)
    servers.set(server, limit)
  }
  return limit
}

/**
 * Waits until a login at a server (`address:port`) may start. All lines of the process share these turns.
 *
 * @returns ends the turn; may be called more than once.
 * @throws an AbortError, if `signal` comes first.
 */
export async function loginTurn(server: string, signal: AbortSignal): Promise<() => void> {
  const limit = limitOf(server)
  const leave = await turn(limit, signal)
  if (limit.activeCount > 1) {
    await wait(Math.random() * JITTER_MS, undefined, { signal }).catch((error: unknown) => {
      leave()
      throw error
    })
  }
  return leave
}

/** A turn at the arithmetic of a login, which comes once the server has taken the call. As {@link loginTurn}. */
export const handshakeTurn = (signal: AbortSignal): Promise<() => void> => turn(overall, signal)

/** A server turned a login away: from now on fewer go there at a time. */
export function fewerLogins(server: string): void {
  const limit = limitOf(server)
  limit.concurrency = Math.max(1, Math.floor(limit.concurrency / 2))
}

function turn(limit: LimitFunction, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', giveUp, { once: true })
    void limit(
      () =>
        new Promise<void>((leave) => {
          signal.removeEventListener('abort', giveUp)
          if (signal.aborted) {
            giveUp()
            leave()
          } else {
            resolve(leave)
          }
        }),
    )
  })
}
