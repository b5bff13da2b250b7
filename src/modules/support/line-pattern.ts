import { Fault } from '../../templates/fault.ts'
import { toRegExp } from '../../templates/filters/python-regex.ts'
import { expand } from '../../templates/filters/regex.ts'

/** A regular expression or a replacement is wrong; `message` says what and why. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** Python's regular expression for a line, as Ansible compiles it: for bytes. @throws {PatternError} */
export const linePattern = (pattern: string): RegExp =>
  withPatternErrors(() => toRegExp(pattern, false, false, false, true))

/** The text of a match with `\1` and `\g<name>` replaced by its groups. @throws {PatternError} */
export const expandMatch = (template: string, match: RegExpExecArray): string =>
  withPatternErrors(() => expand(template, match))

function withPatternErrors<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Fault ? new PatternError(error.message) : error
  }
}
