import { setImmediate } from 'node:timers/promises'

let last: Promise<unknown> = Promise.resolve()

/**
 * Waits for a turn of the event loop that nobody else waits for. To write a long script takes milliseconds, and what
 * waits without it goes on at once: the logins of 50 hosts would stand still until the last one's script is written.
 */
export function betweenHosts(): Promise<unknown> {
  last = last.then(() => setImmediate())
  return last
}
