import { render } from '../templates/index.ts'
import { Secret, secret } from '../values/secret.ts'

type Scope = Readonly<Record<string, unknown>>

/** Marks where a printed expression begins and ends. No text contains them. */
const [BEGIN, END] = ['\u0001', '\u0002']

/**
 * The value of a template. As in Ansible, a template that prints a single expression and nothing else has the
 * expression's type: `{{ 5 }}` is a number. One that prints nothing, or only null, is null. All other templates are
 * text, with the line breaks at their end. In `{{ }}`, quoted text has no escape sequences: YAML has its own.
 *
 * @param name - for messages, which begin with it.
 * @throws {TemplateError} as `render`.
 */
export function templateValue(source: string, name: string, scope: Scope): unknown {
  const value = valueOf(source.replace(/\n$/, ''), name, scope)
  if (typeof value !== 'string') return value
  return value + '\n'.repeat(Math.max(0, lineBreaksAtEnd(source) - lineBreaksAtEnd(value)))
}

const lineBreaksAtEnd = (text: string): number => /\n*$/.exec(text)?.[0].length ?? 0

function valueOf(source: string, name: string, scope: Scope): unknown {
  const parts = splitTemplate(source).map((part) =>
    part.kind === 'print' ? { ...part, text: withoutEscapes(part.text) } : part,
  )
  const typed = typedValue(parts, name, scope)
  if (typed !== undefined) return typed.value
  const { text, confidential } = render(parts.map((part) => part.text).join(''), name, scope)
  return confidential ? secret(text) : text
}

/** Quoted text of an expression. */
const QUOTED = /'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"/g

/** Doubles the backslashes in quoted text, so that they are literal. One before a quote still ends no text. */
const withoutEscapes = (expression: string): string =>
  expression.replace(QUOTED, (quoted) =>
    quoted.replace(/\\([^])/g, (_, next: string) => `\\\\${next === '\\' || next === quoted[0] ? '\\' : ''}${next}`),
  )

/** Renders with each printed value as JSON between marks. Undefined: the result is a text. */
function typedValue(parts: readonly Part[], name: string, scope: Scope): { readonly value: unknown } | undefined {
  if ([parts[0], parts.at(-1)].some((part) => part?.kind === 'text' && part.text.trim() !== '')) return undefined
  // An empty expression is an error, as in Ansible; between our marks it would be an empty tuple.
  if (parts.some(({ kind, text }) => kind === 'print' && /^\{\{[-+]?\s*[-+]?\}\}$/.test(text))) return undefined
  const source = parts.map((part) => (part.kind === 'print' ? marked(part.text) : part.text)).join('')
  try {
    const { text, confidential } = render(source, name, scope)
    if (text.replace(MARKED, '') !== '') return undefined
    const values = [...text.matchAll(MARKED)]
      .map(([, json = '']): unknown => JSON.parse(json))
      .filter((value) => value !== null)
    if (values.length > 1) return undefined
    const [value = null] = values
    return { value: confidential ? concealed(value) : value }
  } catch {
    return undefined // rendering the template itself gives the message
  }
}

const MARKED = /\u0001([^\u0001\u0002]*)\u0002/g

/** `{{- x -}}` becomes `{{- (BEGIN ~ ((x) | to_json) ~ END) -}}`. */
function marked(expression: string): string {
  const [, open = '', inner = '', close = ''] = /^(\{\{[-+]?)(.*?)([-+]?\}\})$/s.exec(expression) ?? []
  return `${open} ('${BEGIN}' ~ ((${inner}) | to_json) ~ '${END}') ${close}`
}

/** Texts as secrets. */
export function concealed(value: unknown): unknown {
  if (value instanceof Secret) return value
  if (typeof value === 'string') return secret(value)
  if (Array.isArray(value)) return value.map(concealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, concealed(item)]))
}

/** Quoted text, attributes, names of tags, filters, tests and arguments. */
const NO_VARIABLE =
  /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|^\{%[-+]?\s*\w+|\.\s*[A-Za-z_]\w*|\|\s*[\w.]+|\bis\s+(?:not\s+)?\w+|\w+\s*=(?!=)/gs

/** The variables that a template may use. */
export function namesIn(source: string): ReadonlySet<string> {
  const expressions = splitTemplate(source).filter(({ kind, text }) => kind !== 'text' && !text.startsWith('{#'))
  const words = expressions.flatMap(({ text }) => text.replace(NO_VARIABLE, ' ').match(/\b[A-Za-z_]\w*/g) ?? [])
  return new Set(words)
}

interface Part {
  /** Text, `{{ }}`, or a tag, comment or raw block. */
  readonly kind: 'text' | 'print' | 'tag'
  readonly text: string
}

const OTHER = /\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}|\{%.*?%\}|\{#.*?#\}/sy

/** Splits a template. A part that is not closed is text, and the engine reports it. */
function splitTemplate(source: string): Part[] {
  const parts: Part[] = []
  let textFrom = 0
  const add = (kind: Part['kind'], from: number, to: number): void => {
    if (from > textFrom) parts.push({ kind: 'text', text: source.slice(textFrom, from) })
    if (to > from) parts.push({ kind, text: source.slice(from, to) })
    textFrom = to
  }
  let at = source.indexOf('{')
  while (at !== -1) {
    const end = source.startsWith('{{', at) ? endOfPrint(source, at) : endOfTag(source, at)
    if (end !== undefined) add(source.startsWith('{{', at) ? 'print' : isRaw(source, at) ? 'text' : 'tag', at, end)
    at = source.indexOf('{', end ?? at + 1)
  }
  add('text', source.length, source.length)
  return parts
}

const isRaw = (source: string, at: number): boolean => /^\{%[-+]?\s*raw\b/.test(source.slice(at, at + 20))

function endOfTag(source: string, at: number): number | undefined {
  OTHER.lastIndex = at
  const match = OTHER.exec(source)
  return match === null ? undefined : at + match[0].length
}

/** The end of `{{ ... }}`, in which braces and quotes may be nested. */
function endOfPrint(source: string, at: number): number | undefined {
  let depth = 0
  for (let i = at + 2; i < source.length; i++) {
    const character = source[i] ?? ''
    if (character === '"' || character === "'") {
      const close = closingQuote(source, i)
      if (close === undefined) return undefined
      i = close
    } else if ('([{'.includes(character)) depth++
    else if (depth === 0 && source.startsWith('}}', i)) return i + 2
    else if (')]}'.includes(character)) depth--
  }
  return undefined
}

function closingQuote(source: string, at: number): number | undefined {
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === source[at]) return i
  }
  return undefined
}
