import { STATUS_CODES } from 'node:http'
import type { Kind } from './plan.ts'
import type { Failure } from './result.ts'

/** Failures of one kind of request with the same text, serialized; times in milliseconds since the start. */
export interface FailureSnapshot {
  readonly kind: number
  readonly error: string
  readonly status?: number
  readonly occurrences: number
  readonly first: number
  readonly last: number
}

/** Counts failures by kind of request and by text. */
export class FailureCounts {
  readonly #kinds: readonly Kind[]
  readonly #counts = new Map<string, FailureSnapshot>()

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds
  }

  /**
   * @param failed - the error, or the status of the response.
   * @param at - milliseconds since the start of the measurement.
   */
  add(kind: number, failed: { readonly error: string } | { readonly status: number }, at: number): void {
    const described =
      'error' in failed
        ? { error: failed.error }
        : { error: `HTTP ${failed.status} ${STATUS_CODES[failed.status] ?? ''}`.trim(), status: failed.status }
    this.merge([{ kind, ...described, occurrences: 1, first: at, last: at }])
  }

  dump(): FailureSnapshot[] {
    return [...this.#counts.values()]
  }

  merge(failures: readonly FailureSnapshot[]): void {
    for (const one of failures) {
      const key = `${one.kind} ${one.error}`
      const other = this.#counts.get(key)
      this.#counts.set(
        key,
        other === undefined
          ? one
          : {
              ...one,
              occurrences: other.occurrences + one.occurrences,
              first: Math.min(other.first, one.first),
              last: Math.max(other.last, one.last),
            },
      )
    }
  }

  /** In the order of the kinds, most frequent first. */
  list(): Failure[] {
    return this.dump()
      .sort((a, b) => a.kind - b.kind || b.occurrences - a.occurrences || (a.error < b.error ? -1 : 1))
      .map(({ kind, first, last, ...described }) => ({
        method: this.#kinds[kind]?.method ?? '',
        name: this.#kinds[kind]?.path ?? '',
        ...described,
        first: first / 1000,
        last: last / 1000,
      }))
  }
}
