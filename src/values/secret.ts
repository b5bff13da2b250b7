import { inspect } from 'node:util'

const MASK = '[REDACTED]'

/** All secrets of this process, so that the evidence package can mask them. */
const known = new Set<string>()

/**
 * A confidential value: prints, serializes and inspects as `[REDACTED]`.
 *
 * Use {@link Secret.reveal} only for text sent on stdin: scripts, sudo passwords. Never use it for argv, messages or
 * diffs.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    if (value !== '') known.add(value)
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}

/** Wraps a value as a {@link Secret}; returns an existing secret unchanged. */
export const secret = (value: string | Secret): Secret => (value instanceof Secret ? value : new Secret(value))

/** The plain text of a possibly secret value. Only for scripts and passwords on stdin. */
export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value)

/** The secret values of this process, without the first `count`. */
export const secretsSince = (count: number): string[] => [...known].slice(count)

/** The number of secrets. It never decreases. */
export const secretCount = (): number => known.size
