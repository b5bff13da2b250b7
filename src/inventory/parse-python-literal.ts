/*
 * Not by a library: those of npm for Python's literals read another Python (no sets, octal or `1_000`; `true` as a
 * literal), and each difference would be another value of a variable.
 */

import { PYTHON_ESCAPES } from '../text/python-escapes.ts'

/** The text is not a literal of Python, so that it stands for itself. */
export class NotLiteral extends Error {}

/** A literal that Ansible refuses too, or whose value JavaScript does not have. */
export class Unsupported extends Error {}

class PythonList extends Array<unknown> {}
class PythonTuple extends Array<unknown> {}
export class PythonSet {
  readonly items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    this.items = items
  }
}
export class PythonDict {
  readonly entries: readonly (readonly [unknown, unknown])[]
  constructor(entries: readonly (readonly [unknown, unknown])[]) {
    this.entries = entries
  }
}
export class PythonBytes {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}
/** A number with the text that Python would print where it differs from JavaScript's. */
export class Complex {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const INTEGER = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*(?![\d_])|[1-9](?:_?\d)*/y
const FLOAT =
  /(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*[eE][-+]?\d(?:_?\d)*/y
const IMAGINARY = /(?:(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?)[jJ]/y
const STRING = /([bB][rR]?|[rR][bB]?|[uU]?)('''|"""|'|")/y

/**
 * Parses the subset of Python's grammar that `ast.literal_eval` evaluates.
 *
 * @throws {NotLiteral} the text is no literal.
 * @throws {Unsupported} Ansible refuses the literal, or JavaScript does not have its value.
 */
export const parseLiteral = (text: string): unknown => new Parser(text).whole()

/** Reads one literal, left to right. */
class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The whole text, which may end with a comment. */
  whole(): unknown {
    const first = this.#value()
    const value = this.#peek() === ',' ? this.#tupleFrom(first) : first
    this.#space()
    if (this.#at < this.#text.length && this.#text[this.#at] !== '#') throw new NotLiteral()
    return value
  }

  #tupleFrom(first: unknown, end?: string): PythonTuple {
    const items = PythonTuple.of(first)
    while (this.#take(',')) {
      const next = this.#peek()
      if (next === end || next === undefined || next === '#') break
      items.push(this.#value())
    }
    return items
  }

  #value(): unknown {
    const sign = this.#peek()
    if (sign !== '-' && sign !== '+') return this.#sum(this.#atom())
    this.#at++
    const number = this.#atom()
    if (typeof number !== 'number' && !(number instanceof Complex)) throw new NotLiteral()
    if (number instanceof Complex) return this.#sum(new Complex(sign === '-' ? `(-0-${number.text})` : number.text))
    // Python has no -0 among its whole numbers; a fraction is never 0.
    return this.#sum(sign === '-' && number !== 0 ? -number : number)
  }

  /** `1+2j`, the only sum that is a literal. */
  #sum(left: unknown): unknown {
    const sign = this.#peek()
    if (sign !== '-' && sign !== '+') return left
    this.#at++
    const right = this.#atom()
    if (typeof left !== 'number' || !(right instanceof Complex)) throw new NotLiteral()
    return new Complex(`(${left}${sign}${right.text})`)
  }

  #atom(): unknown {
    const next = this.#peek()
    if (next === undefined) throw new NotLiteral()
    if (next === '[') return this.#list()
    if (next === '(') return this.#parenthesis()
    if (next === '{') return this.#braces()
    const word = this.#match(/(?:True|False|None)(?![\w])/y)
    if (word !== undefined) return word === 'None' ? null : word === 'True'
    if (this.#match(/set[ \t\f]*\([ \t\f]*\)/y) !== undefined) return new PythonSet([])
    if (this.#match(/\.\.\./y) !== undefined) return '...'
    return this.#strings() ?? this.#number()
  }

  #list(): PythonList {
    this.#at++
    return PythonList.from(this.#items(']'))
  }

  /** The items up to the closing bracket; a comma may follow the last one. */
  #items(end: string): unknown[] {
    const items: unknown[] = []
    while (!this.#take(end)) {
      items.push(this.#value())
      if (!this.#take(',') && this.#peek() !== end) throw new NotLiteral()
    }
    return items
  }

  #parenthesis(): unknown {
    this.#at++
    if (this.#take(')')) return new PythonTuple()
    const first = this.#value()
    const value = this.#peek() === ',' ? this.#tupleFrom(first, ')') : first
    if (!this.#take(')')) throw new NotLiteral()
    return value
  }

  #braces(): unknown {
    this.#at++
    if (this.#take('}')) return new PythonDict([])
    const first = this.#value()
    if (this.#peek() !== ':') {
      const rest = this.#take(',') ? this.#items('}') : this.#end('}')
      const items = [first, ...rest]
      requireHashable(items)
      return new PythonSet(items)
    }
    const entries: [unknown, unknown][] = []
    let key = first
    for (;;) {
      if (!this.#take(':')) throw new NotLiteral()
      entries.push([key, this.#value()])
      if (!this.#take(',')) {
        this.#end('}')
        break
      }
      if (this.#take('}')) break
      key = this.#value()
    }
    requireHashable(entries.map(([each]) => each))
    return new PythonDict(entries)
  }

  #end(bracket: string): [] {
    if (!this.#take(bracket)) throw new NotLiteral()
    return []
  }

  #number(): unknown {
    const imaginary = this.#match(IMAGINARY)
    if (imaginary !== undefined) return new Complex(`${Number(imaginary.slice(0, -1).replaceAll('_', ''))}j`)
    const float = this.#match(FLOAT)
    const text = (float ?? this.#match(INTEGER))?.replaceAll('_', '')
    // A letter or digit after a number is no literal: 1a, 007, 10.0.0.1.
    if (text === undefined || /^[\w.]/.test(this.#text.slice(this.#at))) throw new NotLiteral()
    const value = Number(text)
    if (float !== undefined) {
      if (Number.isInteger(value) || !Number.isFinite(value))
        throw new Unsupported(
          'this number has a decimal point or an exponent but no fraction: quote it twice to keep it as text ' +
            `(name="'1.0'" of a host, name='1.0' of a group), or write a whole number (1)`,
        )
      return value
    }
    if (!Number.isSafeInteger(value))
      throw new Unsupported('this whole number is too large to be kept exactly: quote it to keep it as text')
    return value
  }

  /** Adjacent texts are one text. */
  #strings(): unknown {
    const parts: unknown[] = []
    for (let part = this.#string(); part !== undefined; part = this.#string()) parts.push(part)
    if (parts.length === 0) return undefined
    if (parts.every((part) => typeof part === 'string')) return parts.join('')
    if (!parts.every((part) => part instanceof PythonBytes)) throw new NotLiteral()
    return new PythonBytes(Buffer.concat(parts.map(({ bytes }) => bytes)))
  }

  #string(): unknown {
    this.#space()
    STRING.lastIndex = this.#at
    const match = STRING.exec(this.#text)
    if (match === null) return undefined
    const [opening, prefix = '', quote = ''] = match
    const from = this.#at + opening.length
    let end = from
    while (!this.#text.startsWith(quote, end)) {
      if (end >= this.#text.length) throw new NotLiteral()
      end += this.#text[end] === '\\' ? 2 : 1
    }
    this.#at = end + quote.length
    const raw = this.#text.slice(from, end)
    const isBytes = /b/i.test(prefix)
    if (isBytes && /[^\0-\x7F]/.test(raw)) throw new NotLiteral()
    const text = /r/i.test(prefix) ? raw : unescape(raw, isBytes)
    return isBytes ? new PythonBytes(Buffer.from(text, 'latin1')) : text
  }

  #space(): void {
    while (/^[ \t\f]/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #peek(): string | undefined {
    this.#space()
    return this.#text[this.#at]
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#at++
    return true
  }

  #match(expression: RegExp): string | undefined {
    this.#space()
    expression.lastIndex = this.#at
    const [match] = expression.exec(this.#text) ?? []
    if (match !== undefined) this.#at += match.length
    return match
  }
}

/** A value that cannot be a key of a dict or an item of a set, as in Python. */
const isUnhashable = (value: unknown): boolean =>
  value instanceof PythonSet || value instanceof PythonDict || value instanceof PythonList

function requireHashable(values: readonly unknown[]): void {
  const isBad = (value: unknown): boolean => isUnhashable(value) || (value instanceof PythonTuple && value.some(isBad))
  if (values.some(isBad))
    throw new Unsupported('Python reads this as a set or dict with an item that it refuses: quote the value')
}

function unescape(raw: string, isBytes: boolean): string {
  const escape = isBytes
    ? /\\(x[0-9a-fA-F]{0,2}|[0-7]{1,3}|[\s\S])/g
    : /\\(x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}|N|[0-7]{1,3}|[\s\S])/g
  return raw.replace(escape, (whole, code: string) => {
    const simple = PYTHON_ESCAPES[code]
    if (simple !== undefined) return simple
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & (isBytes ? 0xff : 0x1ff))
    const kind = code.charAt(0)
    if (kind === 'N' && !isBytes) throw new Unsupported('"\\N" is not supported: write the character itself')
    const length = { x: 2, u: 4, U: 8 }[kind]
    if (length === undefined || (isBytes && kind !== 'x')) return whole
    const point = Number.parseInt(code.slice(1), 16)
    if (code.length !== length + 1 || point > 0x10ffff) throw new NotLiteral()
    return String.fromCodePoint(point)
  })
}
