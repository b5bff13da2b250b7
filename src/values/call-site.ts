import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Labbook's own sources: a place in them says nothing to the author of a playbook. */
const SOURCES = `${path.resolve(import.meta.dirname, '..')}/`

/** Where a function was called. Written out only when a message needs it, which costs more than all else here. */
export class CallSite {
  readonly #holder: { stack?: string } = {}

  /** @param of - the function whose caller is meant. */
  constructor(of: (...args: never[]) => unknown) {
    Error.captureStackTrace(this.#holder, of)
  }

  /** `file:line:col`, or nothing where it is not known. */
  toString(): string {
    return places(this.#holder.stack)[0] ?? ''
  }
}

/**
 * Where in a playbook an error was thrown or passed through, as `file:line:col`. Undefined where no playbook took part.
 */
export const placeOf = (error: unknown): string | undefined =>
  places(error instanceof Error ? error.stack : undefined).find(
    (place) => !place.startsWith(SOURCES) && !place.includes('/node_modules/'),
  )

/** Of the frames that are in files. */
const places = (stack = ''): string[] =>
  stack.split('\n').flatMap((line) => {
    const [, place] = /^ +at (?:.*\()?((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(line) ?? []
    return place === undefined ? [] : [place.startsWith('file://') ? fileURLToPath(place) : place]
  })
