import { fail, type Place, type SourceFile } from './fault.ts'
import { Float } from './values.ts'

export interface Delimiters {
  readonly block_start_string: string
  readonly block_end_string: string
  readonly variable_start_string: string
  readonly variable_end_string: string
  readonly comment_start_string: string
  readonly comment_end_string: string
  readonly trim_blocks: boolean
  readonly lstrip_blocks: boolean
  readonly newline_sequence: string
}

export const DEFAULTS: Delimiters = {
  block_start_string: '{%',
  block_end_string: '%}',
  variable_start_string: '{{',
  variable_end_string: '}}',
  comment_start_string: '{#',
  comment_end_string: '#}',
  trim_blocks: true,
  lstrip_blocks: false,
  newline_sequence: '\n',
}

/** `kind` is the operator itself for operators and delimiters. */
export interface Token {
  readonly kind: string
  readonly value: unknown
  readonly at: Place
  /** Offset behind the token. */
  readonly end: number
}

const OPERATORS = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y
const SPACE = /\s+/y

type Kind = 'block' | 'variable' | 'comment'

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

const PATTERNS = new Map<Delimiters, { readonly start: RegExp; readonly kinds: readonly Kind[] }>()

/** The pattern that finds the next tag: of several at one position, the longest counts. */
function startOf(marks: Delimiters): { readonly start: RegExp; readonly kinds: readonly Kind[] } {
  const cached = PATTERNS.get(marks)
  if (cached !== undefined) return cached
  const kinds = (['block', 'variable', 'comment'] as const).toSorted(
    (a, b) => marks[`${b}_start_string`].length - marks[`${a}_start_string`].length,
  )
  const start = new RegExp(kinds.map((kind) => `(${escape(marks[`${kind}_start_string`])})`).join('|'), 'g')
  const made = { start, kinds }
  PATTERNS.set(marks, made)
  return made
}

/** Splits a template into tokens, with Jinja2's rules for white space. */
export class Lexer {
  readonly #file: SourceFile
  readonly #text: string
  readonly #marks: Delimiters
  readonly #tokens: Token[] = []
  #offset = 0
  #lineStarts = true

  constructor(file: SourceFile, marks: Delimiters) {
    this.#file = file
    this.#text = file.text
    this.#marks = marks
  }

  tokens(): Token[] {
    while (this.#offset < this.#text.length) this.#next()
    return this.#tokens
  }

  #place(offset: number): Place {
    return { file: this.#file, offset }
  }

  #push(kind: string, value: unknown, start: number, end: number): void {
    this.#tokens.push({ kind, value, at: this.#place(start), end })
  }

  #next(): void {
    const { start, kinds } = startOf(this.#marks)
    start.lastIndex = this.#offset
    const found = start.exec(this.#text)
    if (found === null) {
      this.#data(this.#text.slice(this.#offset), '', 'variable')
      this.#offset = this.#text.length
      return
    }
    const kind = kinds[found.slice(1).findIndex((group: string | undefined) => group !== undefined)] as Kind
    const from = found.index
    let inside = from + found[0].length
    const sign = /[-+]/.test(this.#text[inside] ?? '') ? (this.#text[inside] as string) : ''
    inside += sign.length
    this.#data(this.#text.slice(this.#offset, from), sign, kind)
    if (kind === 'comment') this.#comment(from, inside)
    else if (kind === 'block' && this.#raw(from, inside)) return
    else this.#tag(kind, from, inside)
    this.#lineStarts = this.#text[this.#offset - 1] === '\n'
  }

  #data(text: string, sign: string, kind: Kind): void {
    let kept = text
    if (sign === '-') kept = text.trimEnd()
    else if (sign !== '+' && this.#marks.lstrip_blocks && kind !== 'variable') {
      const line = text.lastIndexOf('\n') + 1
      if ((line > 0 || this.#lineStarts) && /^\s+$/.test(text.slice(line))) kept = text.slice(0, line)
    }
    if (kept !== '')
      this.#push(
        'data',
        this.#marks.newline_sequence === '\n' ? kept : kept.replaceAll('\n', this.#marks.newline_sequence),
        this.#offset,
        this.#offset + text.length,
      )
  }

  /** The end of a tag at an offset: the length of its mark and of the white space that goes with it. */
  #closing(offset: number, end: string, trims: boolean): number | undefined {
    const text = this.#text
    const sign = text[offset]
    if (sign === '-' && text.startsWith(end, offset + 1)) {
      const after = offset + 1 + end.length
      return after + (text.slice(after).length - text.slice(after).trimStart().length)
    }
    if (sign === '+' && trims && text.startsWith(end, offset + 1)) return offset + 1 + end.length
    if (!text.startsWith(end, offset)) return undefined
    const after = offset + end.length
    return trims && this.#marks.trim_blocks && text[after] === '\n' ? after + 1 : after
  }

  #comment(from: number, inside: number): void {
    const end = this.#marks.comment_end_string
    const at = this.#text.indexOf(end, inside)
    if (at === -1) fail(`the comment has no end: add "${end}"`, this.#place(from))
    const signed = at > inside && /[-+]/.test(this.#text[at - 1] as string) ? at - 1 : at
    this.#offset = this.#closing(signed, end, true) as number
  }

  /** A `raw` block, if there is one at this offset. */
  #raw(from: number, inside: number): boolean {
    const { block_start_string: open, block_end_string: close } = this.#marks
    const begin = new RegExp(`\\s*raw\\s*(?:-${escape(close)}\\s*|${escape(close)})`, 'y')
    begin.lastIndex = inside
    if (!begin.test(this.#text)) return false
    const start = begin.lastIndex
    const end = new RegExp(`${escape(open)}([-+]?)\\s*endraw\\s*(?=[-+]?${escape(close)})`, 'g')
    end.lastIndex = start
    const found = end.exec(this.#text)
    if (found === null) fail(`"raw" has no "endraw": add "${open} endraw ${close}"`, this.#place(from))
    this.#offset = start
    this.#lineStarts = this.#text[start - 1] === '\n'
    this.#data(this.#text.slice(start, found.index), found[1] ?? '', 'block')
    this.#offset = this.#closing(end.lastIndex, close, true) as number
    this.#lineStarts = this.#text[this.#offset - 1] === '\n'
    return true
  }

  #tag(kind: 'block' | 'variable', from: number, inside: number): void {
    const end = this.#marks[`${kind}_end_string`]
    this.#push(`${kind} begin`, undefined, from, inside)
    const open: string[] = []
    let offset = inside
    for (;;) {
      SPACE.lastIndex = offset
      const closing = open.length === 0 ? this.#closing(offset, end, kind === 'block') : undefined
      if (closing !== undefined) {
        this.#push(`${kind} end`, undefined, offset, closing)
        this.#offset = closing
        return
      }
      if (SPACE.test(this.#text)) offset = SPACE.lastIndex
      else if (offset >= this.#text.length)
        fail(`"${this.#marks[`${kind}_start_string`]}" has no end: add "${end}"`, this.#place(from))
      else offset = this.#token(offset, open)
    }
  }

  /** Reads one token of an expression, and returns the offset behind it. */
  #token(offset: number, open: string[]): number {
    const text = this.#text
    const match = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = offset
      return pattern.exec(text)?.[0]
    }
    const float = match(FLOAT)
    if (float !== undefined)
      return this.#literal('float', new Float(Number(float.replaceAll('_', ''))), offset, float.length)
    const integer = match(INTEGER)
    if (integer !== undefined) {
      const value = BigInt(integer.replaceAll('_', ''))
      const number = Number(value)
      return this.#literal('integer', Number.isSafeInteger(number) ? number : value, offset, integer.length)
    }
    const name = match(NAME)
    if (name !== undefined) return this.#literal('name', name, offset, name.length)
    const string = match(STRING)
    if (string !== undefined)
      return this.#literal('string', unescape(string.slice(1, -1), this.#place(offset)), offset, string.length)
    const operator = match(OPERATORS)
    if (operator === undefined)
      fail(
        /["']/.test(text[offset] as string)
          ? `the text in ${text[offset] as string} has no end`
          : `unexpected character "${String.fromCodePoint(text.codePointAt(offset) as number)}"`,
        this.#place(offset),
      )
    this.#balance(operator, open, offset)
    return this.#literal(operator, operator, offset, operator.length)
  }

  #literal(kind: string, value: unknown, offset: number, length: number): number {
    this.#push(kind, value, offset, offset + length)
    return offset + length
  }

  #balance(operator: string, open: string[], offset: number): void {
    const closes: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' }
    const expected = closes[operator]
    if (expected !== undefined) open.push(expected)
    else if (operator === '}' || operator === ')' || operator === ']') {
      const wanted = open.pop()
      if (wanted === undefined) fail(`unexpected "${operator}"`, this.#place(offset))
      if (wanted !== operator) fail(`unexpected "${operator}", expected "${wanted}"`, this.#place(offset))
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '\n': '',
}

/** Escape sequences of Python; an unknown one stays as written. */
const unescape = (text: string, place: Place): string =>
  !text.includes('\\')
    ? text
    : text.replace(
        /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g,
        (all, x?: string, u?: string, U?: string, octal?: string, other?: string) => {
          const hex = x ?? u ?? U
          if (hex !== undefined) {
            const code = Number.parseInt(hex, 16)
            return code > 0x10ffff ? fail(`"${all}" is no character`, place) : String.fromCodePoint(code)
          }
          if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
          if (other !== undefined && 'xuUN'.includes(other)) fail(`the escape sequence "${all}" is incomplete`, place)
          return ESCAPES[other as string] ?? all
        },
      )
