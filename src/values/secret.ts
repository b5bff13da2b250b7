import { isUtf8 } from 'node:buffer'
import { inspect } from 'node:util'

/** How a secret prints. */
export const MASK = '[REDACTED]'

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

/** Confidential bytes that need not be text: the content of a file. */
export class SecretBytes extends Secret {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    // Records show bytes that are not UTF-8 as U+FFFD, which this has in the same places.
    super(bytes.toString('utf8'))
    this.#bytes = bytes
    // Scripts contain such bytes in this form.
    if (!isUtf8(bytes)) known.add(bytes.toString('base64'))
  }

  revealBytes(): Buffer {
    return this.#bytes
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
