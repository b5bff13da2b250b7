import { replaceMatches, sectionPattern, textPattern } from './line-pattern.ts'

/** Parameters of `replace`. */
export interface TextReplacement {
  readonly regexp: string
  readonly replace: string
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** The expression for the section between two others; undefined: the whole text. */
export function sectionExpression({
  after = '',
  before = '',
}: Omit<TextReplacement, 'regexp' | 'replace'>): string | undefined {
  if (after === '' && before === '') return undefined
  return `${after}(?P<subsection>.*${after !== '' && before !== '' ? '?' : ''})${before}`
}

/**
 * Edits a text as Ansible's replace does; returns the same text if nothing changes.
 *
 * @throws {PatternError} a regular expression is wrong, or `replace` names a group that it does not have.
 */
export function replaceText(text: string, request: TextReplacement): string {
  const pattern = textPattern(request.regexp)
  const section = sectionExpression(request)
  if (section === undefined) return replaceMatches(pattern, request.replace, text)
  const { indices } = new RegExp(sectionPattern(section), 'du').exec(text) ?? {}
  const [from, to] = indices?.groups?.['subsection'] ?? [text.length, text.length]
  return text.slice(0, from) + replaceMatches(pattern, request.replace, text.slice(from, to)) + text.slice(to)
}
