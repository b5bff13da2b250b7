import { inspect } from 'node:util'

const MASK = '[REDACTED]'

/** Every secret made in this process, so that the evidence room can mask each one wherever it turns up. */
const known = new Set<string>()

/**
 * A value that must not be seen: it prints, serialises and inspects as `[REDACTED]`.
 *
 * {@link Secret.reveal} is for text that travels on stdin alone: a script that the shell or modules rooms write, a
 * password for sudo. Never for argv, a message or a diff.
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

/** Wraps a value as a {@link Secret}; a secret stays the one it is. */
export const secret = (value: string | Secret): Secret => (value instanceof Secret ? value : new Secret(value))

/** The plain text of a value that may be secret. For script text and passwords on stdin only. */
export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value)

/** All plain secret values of this process, longest first, so that one that contains another is masked whole. */
export const knownSecrets = (): string[] => [...known].sort((a, b) => b.length - a.length)

/** How many they are: they only ever become more. */
export const secretCount = (): number => known.size
