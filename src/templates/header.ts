import { fail, type SourceFile } from './fault.ts'
import { DEFAULTS, type Delimiters } from './lexer.ts'

const HEADER = '#jinja2:'
/** Options of the header that are not supported. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'line_statement_prefix',
  'line_comment_prefix',
  'keep_trailing_newline',
])

/** A template without its `#jinja2:` line, and its options: those of the line count, then those given. */
export function readHeader(
  name: string,
  source: string,
  given: Partial<Delimiters> = {},
): { readonly file: SourceFile; readonly marks: Delimiters } {
  if (!source.startsWith(HEADER))
    return { file: { name, text: source, linesBefore: 0 }, marks: cached({ ...DEFAULTS, ...given }) }
  const end = source.indexOf('\n')
  const place = { file: { name, text: source, linesBefore: 0 }, offset: 0 }
  if (end === -1) fail(`the ${HEADER} line must end in a newline`, place)
  const options: Record<string, string | boolean> = {}
  for (const pair of source.slice(HEADER.length, end).split(',')) {
    const [, key = '', value = ''] = /^\s*(\w*)\s*:(.*)$/s.exec(pair) ?? []
    if (UNSUPPORTED.has(key)) fail(`the option "${key}" of ${HEADER} is not supported`, place)
    if (!Object.hasOwn(DEFAULTS, key)) fail(`${HEADER} has no option "${pair.trim()}": write name: value`, place)
    const read = literal(value.trim())
    if (typeof read !== typeof DEFAULTS[key as keyof Delimiters] || read === '')
      fail(`the option "${key}" of ${HEADER} cannot be ${value.trim()}`, place)
    options[key] = read
  }
  return {
    file: { name, text: source.slice(end + 1), linesBefore: 1 },
    marks: cached({ ...DEFAULTS, ...given, ...options }),
  }
}

const seen = new Map<string, Delimiters>()

/** One object for equal options, since patterns are cached by it. */
function cached(marks: Delimiters): Delimiters {
  const key = JSON.stringify(marks)
  const known = seen.get(key)
  if (known !== undefined) return known
  seen.set(key, marks)
  return marks
}

function literal(text: string): string | boolean {
  if (text === 'True') return true
  if (text === 'False') return false
  const [, , inside] = /^(['"])([^]*)\1$/.exec(text) ?? []
  return inside?.replace(/\\([nr\\'"])/g, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? letter) ?? ''
}
