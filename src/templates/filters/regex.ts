import { asInt, asText, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { toText } from '../text.ts'
import { Tuple } from '../values.ts'
import { toRegExp } from './python-regex.ts'

interface Found {
  readonly match: RegExpExecArray
  readonly end: number
}

/** All matches as Python finds them: an empty one may follow another match, but not overlap it. */
export function* matches(pattern: RegExp, text: string): Generator<Found> {
  const global = new RegExp(pattern.source, `${pattern.flags}g`)
  for (let at = 0; at <= text.length; ) {
    global.lastIndex = at
    const match = global.exec(text)
    if (match === null) return
    const end = match.index + match[0].length
    yield { match, end }
    at = match[0] === '' ? end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1) : end
  }
}

/** The group of a match: by number or by name. */
function group(match: RegExpExecArray, name: string): string {
  if (/^\d+$/.test(name)) {
    const number = Number(name)
    return number < match.length ? (match[number] ?? '') : fail(`the regular expression has no group ${name}`)
  }
  const groups = match.groups ?? {}
  return Object.hasOwn(groups, name) ? (groups[name] ?? '') : fail(`the regular expression has no group "${name}"`)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', f: '\f', v: '\v', '\\': '\\' }

/** Python's replacement text: `\1`, `\g<name>`, `\n`. */
export const expand = (template: string, match: RegExpExecArray): string =>
  template.replace(
    /\\(?:g<([^>]*)>|(0[0-7]{0,2}|\d{1,2})|([^]))/g,
    (all, name?: string, number?: string, other?: string) => {
      if (name !== undefined) return group(match, name)
      if (number !== undefined)
        return number.startsWith('0') ? String.fromCharCode(Number.parseInt(number, 8)) : group(match, number)
      const escaped = ESCAPES[other as string]
      if (escaped !== undefined) return escaped
      return /[A-Za-z]/.test(other as string) ? fail(`"${all}" in the replacement is not an escape sequence`) : all
    },
  )

/** Checks a replacement as Python does, whether the pattern matches or not: which groups it names. */
export function checkExpansion({ source, flags }: RegExp, template: string): void {
  const match = new RegExp(`(?:${source})|`, flags).exec('')
  if (match !== null) expand(template, match)
}

function regexReplace(value: unknown, args: readonly unknown[]): string {
  const [pattern, by, ignoreCase, multiline, count, mandatory] = args
  const text = toText(value)
  const replacement = asText(by, 'the replacement')
  const most = asInt(count, 'count')
  const expression = toRegExp(asText(pattern, 'the pattern'), ignoreCase, multiline)
  checkExpansion(expression, replacement)
  let result = ''
  let from = 0
  let done = 0
  for (const { match, end } of matches(expression, text)) {
    if (most > 0 && done === most) break
    result += text.slice(from, match.index) + expand(replacement, match)
    from = end
    done += 1
  }
  const wanted = asInt(mandatory, 'mandatory_count')
  if (wanted !== 0 && wanted !== done) fail(`"${toText(pattern)}" matches ${done} times, not ${wanted}`)
  return result + text.slice(from)
}

const regexSearch = plugin(
  [['regex']],
  (value, [pattern], { rest, named }) => {
    const wanted = rest.map((each) => {
      const [, name, number] = /^(?:\\g<(\S+)>|\\(\d+))/.exec(asText(each, 'a group')) ?? []
      return (
        name ?? number ?? fail(`"regex_search" cannot take "${toText(each)}": name a group as \\\\1 or \\\\g<name>`)
      )
    })
    for (const name of named.keys())
      if (name !== 'ignorecase' && name !== 'multiline') fail(`"regex_search" has no argument "${name}"`)
    const match = toRegExp(
      asText(pattern, 'the pattern'),
      named.get('ignorecase') ?? false,
      named.get('multiline') ?? false,
    ).exec(toText(value))
    if (match === null) return null
    if (wanted.length === 0) return match[0]
    return wanted.map((name) =>
      /^\d+$/.test(name)
        ? match[Number(name)] === undefined && Number(name) < match.length
          ? null
          : group(match, name)
        : group(match, name),
    )
  },
  { rest: true, named: true },
)

function regexFindall(value: unknown, [pattern, multiline, ignoreCase]: readonly unknown[]): unknown[] {
  return [...matches(toRegExp(asText(pattern, 'the pattern'), ignoreCase, multiline), toText(value))].map(
    ({ match }) => {
      const groups = match.slice(1).map((each: string | undefined) => each ?? '')
      return groups.length === 0 ? match[0] : groups.length === 1 ? groups[0] : Tuple.make(groups)
    },
  )
}

function regexEscape(value: unknown, [kind]: readonly unknown[]): string {
  if (kind === 'posix_basic') return toText(value).replace(/[\].[^$*\\]/g, '\\$&')
  if (kind !== 'python') return fail('"regex_escape" needs re_type "python" or "posix_basic"')
  return toText(value).replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&')
}

export const regexFilters: Readonly<Record<string, Plugin>> = {
  regex_replace: plugin(
    [
      ['pattern', ''],
      ['replacement', ''],
      ['ignorecase', false],
      ['multiline', false],
      ['count', 0],
      ['mandatory_count', 0],
    ],
    regexReplace,
  ),
  regex_search: regexSearch,
  regex_findall: plugin([['regex'], ['multiline', false], ['ignorecase', false]], regexFindall),
  regex_escape: plugin([['re_type', 'python']], regexEscape),
}

/** The tests `match`, `search` and `regex`. */
export const regexTest = (anchored: boolean): Plugin =>
  plugin(
    [
      ['pattern', ''],
      ['ignorecase', false],
      ['multiline', false],
    ],
    (value, [pattern, ignoreCase, multiline]) =>
      toRegExp(asText(pattern, 'the pattern'), ignoreCase, multiline, anchored).test(asText(value, 'the input')),
  )
