import { didYouMean, nearest } from '../text/suggest.ts'
import { locationOf } from '../values/call-site.ts'
import { UnresolvedReference } from '../values/reference.ts'
import { PlaybookError } from './play.ts'
import { Interrupted } from './interrupted.ts'

/** A function of a task (`when`, `until`, ...) threw an error: the task fails on this host. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError'
}

/** Calls a function of a task. @throws {ConditionError} it threw. {@link UnresolvedReference} is passed through. */
export function callTaskFunction<T>(keyword: string, at: { toString(): string }, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof UnresolvedReference || error instanceof Interrupted) throw error
    throw new ConditionError(withLocation(error, at, keyword))
  }
}

/** Calls a function of a play or a playbook. @throws {PlaybookError} it threw; includes the location. */
export function callPlayFunction<T>(what: string, at: { toString(): string } | undefined, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof PlaybookError || error instanceof Interrupted) throw error
    throw new PlaybookError(withLocation(error, at, what))
  }
}

/** The error message. For programming errors in an experiment or a playbook, it includes the location. */
export function describeError(error: unknown): string {
  const isProgrammingError =
    !(error instanceof Error) ||
    [TypeError, ReferenceError, RangeError, SyntaxError, UnknownHost].some((type) => error instanceof type)
  const location = isProgrammingError ? locationOf(error) : undefined
  return location === undefined ? messageOf(error) : `${location}: ${messageOf(error)}`
}

/** The name is not a host of the inventory. */
export class UnknownHost extends Error {
  override readonly name = 'UnknownHost'

  constructor(hosts: Iterable<string>, host: string) {
    const hint = didYouMean(nearest(host, hosts))
    super(`no host "${host}" in the inventory${hint === undefined ? '' : `: ${hint}`}`)
  }
}

function withLocation(error: unknown, at: { toString(): string } | undefined, what: string): string {
  const location = locationOf(error) ?? at?.toString() ?? ''
  return `${location === '' ? '' : `${location}: `}${what}: ${messageOf(error)}`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
