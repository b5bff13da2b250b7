import { compare } from '../compare.ts'
import { fail, Fault } from '../fault.ts'
import { floatText } from '../text.ts'
import { Dict, isFloat, isInteger, toNumber, typeName, type Float } from '../values.ts'
import { analyze, isBreak, readsAsText } from './yaml-scalar.ts'

export interface YamlOptions {
  readonly indent: number
  readonly width: number
  readonly sortKeys: boolean
  /** null: collections of scalars only. */
  readonly flow: boolean | null
}

interface Context {
  readonly mapping?: boolean
  readonly simpleKey?: boolean
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
}

/** Writes YAML as PyYAML does, line breaks and quotes included. */
export class YamlWriter {
  readonly #options: YamlOptions
  #out = ''
  #column = 0
  #indent = 0
  #flowLevel = 0
  /** The last character was white space, or belongs to an indentation. */
  #blank = true
  #indention = true

  constructor(options: YamlOptions) {
    this.#options = options
  }

  write(value: unknown): string {
    this.#node(value, {}, -1)
    return `${this.#out}\n`
  }

  #put(text: string): void {
    this.#out += text
    this.#column += text.length
  }

  #newline(text = '\n'): void {
    this.#out += text
    this.#column = 0
    this.#blank = true
    this.#indention = true
  }

  #startLine(): void {
    const indent = Math.max(0, this.#indent)
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#blank)) this.#newline()
    if (this.#column < indent) {
      this.#blank = true
      this.#put(' '.repeat(indent - this.#column))
    }
  }

  #indicator(text: string, needsSpace: boolean, { blank = false, indention = false } = {}): void {
    this.#put(this.#blank || !needsSpace ? text : ` ${text}`)
    this.#blank = blank
    this.#indention &&= indention
  }

  #within(parent: number, run: () => void): void {
    const before = this.#indent
    this.#indent = parent
    run()
    this.#indent = before
  }

  /** @param indent - of the enclosing collection; -1 at the top. */
  #node(value: unknown, context: Context, indent: number): void {
    if (Array.isArray(value)) this.#list(value as unknown[], context, indent)
    else if (value instanceof Dict) this.#dict(value, indent)
    else this.#within(Math.max(0, indent) + this.#options.indent, () => this.#scalar(value, context))
  }

  #isFlow(items: readonly unknown[]): boolean {
    if (this.#flowLevel > 0 || items.length === 0) return true
    return this.#options.flow ?? items.every((item) => !Array.isArray(item) && !(item instanceof Dict))
  }

  #list(items: readonly unknown[], { mapping = false }: Context, indent: number): void {
    if (this.#isFlow(items)) {
      this.#flow('[', ']', items, indent, (item, inner) => this.#node(item, {}, inner))
      return
    }
    // Inside of a mapping, a list is not indented.
    const indentless = mapping && !this.#indention
    const inner = indent === -1 ? 0 : indentless ? indent : indent + this.#options.indent
    this.#within(inner, () => {
      for (const item of items) {
        this.#startLine()
        this.#indicator('-', true, { indention: true })
        this.#node(item, {}, inner)
      }
    })
  }

  #flow<T>(
    open: string,
    close: string,
    items: readonly T[],
    indent: number,
    each: (item: T, indent: number) => void,
  ): void {
    this.#indicator(open, true, { blank: true })
    this.#flowLevel += 1
    const inner = indent === -1 ? this.#options.indent : indent + this.#options.indent
    this.#within(inner, () => {
      items.forEach((item, i) => {
        if (i > 0) this.#indicator(',', false)
        if (this.#column > this.#options.width) this.#startLine()
        each(item, inner)
      })
    })
    this.#flowLevel -= 1
    this.#indicator(close, false)
  }

  #dict(dict: Dict, indent: number): void {
    const entries = this.#sorted(dict.entries())
    const isFlow = this.#isFlow(entries.flat())
    const pair = ([key, value]: readonly [unknown, unknown], inner: number): void => {
      this.#node(key, { mapping: true, simpleKey: true }, inner)
      this.#indicator(':', false)
      this.#node(value, { mapping: true }, inner)
    }
    for (const [key] of entries)
      if (Array.isArray(key) || (typeof key === 'string' && key.length >= 128))
        fail('a key of more than 127 characters, or one that is no scalar, cannot be written as YAML')
    if (isFlow) {
      this.#flow('{', '}', entries, indent, pair)
      return
    }
    const inner = indent === -1 ? 0 : indent + this.#options.indent
    this.#within(inner, () => {
      for (const entry of entries) {
        this.#startLine()
        pair(entry, inner)
      }
    })
  }

  #sorted(entries: [unknown, unknown][]): [unknown, unknown][] {
    if (!this.#options.sortKeys) return entries
    try {
      return entries.toSorted(([a], [b]) => compare(a, b))
    } catch (error) {
      if (error instanceof Fault) return entries
      throw error
    }
  }

  #scalar(value: unknown, { simpleKey = false }: Context): void {
    if (typeof value !== 'string') {
      this.#plain(plainText(value), !simpleKey)
      return
    }
    const { multiline, flowPlain, blockPlain, singleQuoted } = analyze(value)
    const plain = this.#flowLevel > 0 ? flowPlain : blockPlain
    if (plain && readsAsText(value) && !(simpleKey && (value === '' || multiline))) this.#plain(value, !simpleKey)
    else if (singleQuoted && !(simpleKey && multiline)) this.#singleQuoted(value, !simpleKey)
    else this.#doubleQuoted(value, !simpleKey)
  }

  #plain(text: string, splits: boolean): void {
    if (text === '') return
    if (!this.#blank) this.#put(' ')
    this.#blank = false
    this.#indention = false
    for (const part of text.match(/ +|[^ ]+/g) ?? []) {
      if (part === ' ' && this.#column > this.#options.width && splits) {
        this.#startLine()
        this.#blank = false
        this.#indention = false
      } else this.#put(part)
    }
  }

  #singleQuoted(text: string, splits: boolean): void {
    this.#indicator("'", true)
    let at = 0
    for (const part of text.match(/ +|[\n\x85\u2028\u2029]+|[^ \n\x85\u2028\u2029]+/g) ?? []) {
      const isEdge = at === 0 || at + part.length === text.length
      at += part.length
      if (part === ' ' && this.#column > this.#options.width && splits && !isEdge) this.#startLine()
      else if (isBreak(part[0])) {
        if (part.startsWith('\n')) this.#newline()
        for (const character of part) this.#newline(character)
        this.#startLine()
      } else this.#put(part.replaceAll("'", "''"))
    }
    this.#blank = false
    this.#indention = false
    this.#indicator("'", false)
  }

  #doubleQuoted(text: string, splits: boolean): void {
    this.#indicator('"', true)
    const items = Array.from(text)
    let pending = ''
    items.forEach((character, i) => {
      const code = character.codePointAt(0) as number
      const isPlain =
        !'"\\\x85\u2028\u2029\ufeff'.includes(character) &&
        ((code >= 0x20 && code <= 0x7e) ||
          (code >= 0xa0 && code <= 0xd7ff) ||
          (code >= 0xe000 && code <= 0xfffd) ||
          code >= 0x10000)
      if (!isPlain) {
        this.#put(pending)
        pending = ''
        this.#put(escaped(character, code))
      }
      const inside = i > 0 && i < items.length - 1
      if (
        inside &&
        (character === ' ' || pending === '') &&
        this.#column + pending.length > this.#options.width &&
        splits
      ) {
        this.#put(`${pending}\\`)
        pending = ''
        this.#startLine()
        this.#blank = false
        this.#indention = false
        if ((isPlain ? character : items[i + 1]) === ' ') this.#put('\\')
      }
      if (isPlain) pending += character
    })
    this.#put(pending)
    this.#indicator('"', false)
  }
}

function escaped(character: string, code: number): string {
  const short = ESCAPES[character]
  if (short !== undefined) return `\\${short}`
  const hex = code.toString(16).toUpperCase()
  return code <= 0xff
    ? `\\x${hex.padStart(2, '0')}`
    : code <= 0xffff
      ? `\\u${hex.padStart(4, '0')}`
      : `\\U${hex.padStart(8, '0')}`
}

/** A scalar that is no text. */
function plainText(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (isFloat(value)) {
    const text = floatText(Number(toNumber(value as Float)))
    if (/inf|nan/.test(text)) return text.replace(/inf|nan/, (name) => `.${name}`)
    return !text.includes('.') && text.includes('e') ? text.replace('e', '.0e') : text
  }
  return isInteger(value) ? String(value) : fail(`a ${typeName(value)} cannot be written as YAML`)
}
