import { Fault } from '../../templates/fault.ts'
import { toRegExp } from '../../templates/filters/python-regex.ts'
import { checkExpansion, expand, matches } from '../../templates/filters/regex.ts'

/** A regular expression or a replacement is wrong; `message` says what and why. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** Python's regular expression for a line, as Ansible compiles it: for bytes. @throws {PatternError} */
export const linePattern = (pattern: string): RegExp =>
  withPatternErrors(() => toRegExp(pattern, false, false, false, true))

/** Python's regular expression from the start of a text, as `re.match` does. @throws {PatternError} */
export const matchPattern = (pattern: string): RegExp => withPatternErrors(() => toRegExp(pattern, false, false, true))

/** Python's regular expression for a text, compiled with `re.MULTILINE`. @throws {PatternError} */
export const textPattern = (pattern: string): RegExp => withPatternErrors(() => toRegExp(pattern, false, true))

/** Python's regular expression for a section of a text, compiled with `re.DOTALL`. @throws {PatternError} */
export const sectionPattern = (pattern: string): RegExp =>
  withPatternErrors(() => toRegExp(`(?s)${pattern}`, false, false))

/** All matches are replaced, as `re.sub` does; `template` as in {@link expandMatch}. @throws {PatternError} */
export function replaceMatches(pattern: RegExp, template: string, text: string): string {
  return withPatternErrors(() => {
    let result = ''
    let from = 0
    for (const { match, end } of matches(pattern, text)) {
      result += text.slice(from, match.index) + expand(template, match)
      from = end
    }
    return result + text.slice(from)
  })
}

/** The text of a match with `\1` and `\g<name>` replaced by its groups. @throws {PatternError} */
export const expandMatch = (template: string, match: RegExpExecArray): string =>
  withPatternErrors(() => expand(template, match))

/** Checks a replacement whether the pattern matches or not. @throws {PatternError} */
export const checkReplacement = (pattern: RegExp, template: string): void =>
  withPatternErrors(() => checkExpansion(pattern, template))

function withPatternErrors<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Fault ? new PatternError(error.message) : error
  }
}
