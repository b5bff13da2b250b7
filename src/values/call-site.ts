import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Labbook's own sources: locations in them do not help authors of playbooks. */
const SOURCES = `${path.resolve(import.meta.dirname, '..')}/`

/** Where a function was called. Formatted only on demand: formatting is the expensive part. */
export class CallSite {
  readonly #holder: { stack?: string } = {}

  /** @param of - the function whose caller is recorded. */
  constructor(of: (...args: never[]) => unknown) {
    Error.captureStackTrace(this.#holder, of)
  }

  /** `file:line:col`, or an empty string if unknown. */
  toString(): string {
    return places(this.#holder.stack)[0] ?? ''
  }
}

/**
 * The location in a playbook where an error was thrown or passed through, as `file:line:col`. Undefined if no playbook
 * is on the stack.
 */
export const locationOf = (error: unknown): string | undefined =>
  places(error instanceof Error ? error.stack : undefined).find(
    (place) => !place.startsWith(SOURCES) && !place.includes('/node_modules/'),
  )

/** Stack frames in files. */
const places = (stack = ''): string[] =>
  stack.split('\n').flatMap((line) => {
    const [, place] = /^ +at (?:.*\()?((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(line) ?? []
    return place === undefined ? [] : [place.startsWith('file://') ? fileURLToPath(place) : place]
  })
