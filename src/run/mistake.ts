import { didYouMean, nearest } from '../inventory/index.ts'
import { placeOf } from '../values/call-site.ts'
import { Unresolved } from '../values/reference.ts'
import { PlaybookError } from './play.ts'
import { Interrupted } from './state.ts'

/** A function of a task (`when`, `until`, ...) threw: the task fails on this host. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError'
}

/**
 * Calls a function that a task brings along. @throws {ConditionError} it threw; {@link Unresolved} is not its mistake.
 */
export function callOfTask<T>(keyword: string, at: { toString(): string }, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof Unresolved || error instanceof Interrupted) throw error
    throw new ConditionError(placed(error, at, keyword))
  }
}

/** Calls a function of a play, or of a whole playbook. @throws {PlaybookError} it threw, with the place. */
export function callOfPlay<T>(what: string, at: { toString(): string } | undefined, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof PlaybookError || error instanceof Interrupted) throw error
    throw new PlaybookError(placed(error, at, what))
  }
}

/**
 * The message, with the place where the code of an experiment or a playbook is wrong; what it says on purpose needs
 * none.
 */
export function explain(error: unknown): string {
  const isSlip =
    !(error instanceof Error) ||
    [TypeError, ReferenceError, RangeError, SyntaxError, UnknownHost].some((type) => error instanceof type)
  const place = isSlip ? placeOf(error) : undefined
  return place === undefined ? messageOf(error) : `${place}: ${messageOf(error)}`
}

/** A name that is no host of the inventory. */
export class UnknownHost extends Error {
  override readonly name = 'UnknownHost'

  constructor(hosts: Iterable<string>, host: string) {
    const hint = didYouMean(nearest(host, hosts))
    super(`no host "${host}" in the inventory${hint === undefined ? '' : `: ${hint}`}`)
  }
}

function placed(error: unknown, at: { toString(): string } | undefined, what: string): string {
  const place = placeOf(error) ?? at?.toString() ?? ''
  return `${place === '' ? '' : `${place}: `}${what}: ${messageOf(error)}`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
