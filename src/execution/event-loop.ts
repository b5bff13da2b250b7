import { setImmediate } from 'node:timers/promises'

let last: Promise<unknown> = Promise.resolve()

/**
 * Yields to the event loop, one caller at a time. Composing a long script takes milliseconds. Without yielding, the
 * logins of 50 hosts would stall until the last script is composed.
 */
export function yieldToEventLoop(): Promise<unknown> {
  last = last.then(() => setImmediate())
  return last
}
