import { fail } from '../fault.ts'
import { isTrue } from '../values.ts'

const cache = new Map<string, RegExp>()

/**
 * Python's regular expression as JavaScript's. What JavaScript cannot express is refused.
 *
 * @param anchored - Python's `match`: from the start of the text.
 * @param ascii - as for bytes: `\w`, `\d`, `\s` and `\b` know ASCII only.
 */
export function toRegExp(
  pattern: string,
  ignoreCase: unknown,
  multiline: unknown,
  anchored = false,
  ascii = false,
): RegExp {
  const key = JSON.stringify([pattern, isTrue(ignoreCase), isTrue(multiline), anchored, ascii])
  const cached = cache.get(key)
  if (cached !== undefined) return cached
  const flags = new Set('u')
  if (isTrue(ignoreCase)) flags.add('i')
  if (isTrue(multiline)) flags.add('m')
  const source = new Translator(pattern, flags, ascii ? ASCII : UNICODE).source()
  try {
    const made = new RegExp(anchored ? `(?<![^])(?:${source})` : source, [...flags].join(''))
    cache.set(key, made)
    return made
  } catch (error) {
    return fail(
      `the regular expression "${pattern}" is wrong or not supported: ${(error as Error).message.replace(/^.*\/\w*: /s, '')}`,
    )
  }
}

interface Classes {
  readonly outside: Readonly<Record<string, string>>
  readonly inSet: Readonly<Record<string, string>>
  readonly word: string
}

const SPACE = '[ \\t\\n\\r\\f\\v\\x1c-\\x1f\\x85\\p{Z}]'
const CLASSES: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '[\\p{L}\\p{N}_]',
  W: '[^\\p{L}\\p{N}_]',
  s: SPACE,
  S: SPACE.replace('[', '[^'),
}
const IN_SET: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '\\p{L}\\p{N}_',
  s: SPACE.slice(1, -1),
}
const UNICODE: Classes = { outside: CLASSES, inSet: IN_SET, word: '[\\p{L}\\p{N}_]' }

const ASCII_SPACE = ' \\t\\n\\r\\f\\v'
const ASCII: Classes = {
  outside: {
    d: '[0-9]',
    D: '[^0-9]',
    w: '[A-Za-z0-9_]',
    W: '[^A-Za-z0-9_]',
    s: `[${ASCII_SPACE}]`,
    S: `[^${ASCII_SPACE}]`,
  },
  inSet: { d: '0-9', w: 'A-Za-z0-9_', s: ASCII_SPACE },
  word: '[A-Za-z0-9_]',
}

/** Rewrites a pattern from Python's syntax to JavaScript's with the flag `u`. */
class Translator {
  readonly #pattern: string
  readonly #flags: Set<string>
  readonly #classes: Classes
  #at = 0

  constructor(pattern: string, flags: Set<string>, classes: Classes) {
    this.#pattern = pattern
    this.#flags = flags
    this.#classes = classes
  }

  source(): string {
    const [flags, letters] = /^\(\?([aiLmsux]+)\)/.exec(this.#pattern) ?? []
    for (const letter of letters ?? '') {
      if (!'imsu'.includes(letter)) this.#unsupported(`the flag "${letter}"`)
      this.#flags.add(letter)
    }
    this.#at = flags?.length ?? 0
    let out = ''
    while (this.#at < this.#pattern.length) out += this.#next()
    return out
  }

  #unsupported(what: string): never {
    return fail(`the regular expression "${this.#pattern}" is not supported: ${what}`)
  }

  #take(length: number): string {
    const text = this.#pattern.slice(this.#at, this.#at + length)
    this.#at += length
    return text
  }

  #next(): string {
    const rest = this.#pattern.slice(this.#at)
    const character = String.fromCodePoint(rest.codePointAt(0) as number)
    if (character === '\\') return this.#escape()
    if (character === '[') return this.#set()
    if (character === '$') {
      this.#take(1)
      return this.#flags.has('m') ? '(?![^\\n])' : '(?=\\n?(?![^]))'
    }
    // With the flag m, JavaScript also sees the end of a line in \r, U+2028 and U+2029.
    if (character === '^') {
      this.#take(1)
      return this.#flags.has('m') ? '(?<![^\\n])' : '(?<![^])'
    }
    if (character === '.') {
      this.#take(1)
      return this.#flags.has('s') ? '[^]' : '[^\\n]'
    }
    const [group, open] = /^\((\?P<|\?P=|\?[#(>]|\?[a-zA-Z-]+[:)])?/.exec(rest) ?? []
    if (group !== undefined) return this.#group(group, open, rest)
    const possessive = /^(?:[*+?]|\{\d*,?\d*\})\+/.exec(rest)
    if (possessive !== null && rest[0] !== '\\') this.#unsupported('possessive quantifiers')
    const [repeat] = /^\{(\d+(,\d*)?|,\d+)\}/.exec(rest) ?? []
    if (repeat !== undefined) return this.#take(repeat.length).replace('{,', '{0,')
    this.#take(character.length)
    return /[{}\]]/.test(character) ? `\\${character}` : character
  }

  #group(group: string, open: string | undefined, rest: string): string {
    if (open === '?P<') {
      this.#take(group.length)
      return '(?<'
    }
    if (open === '?P=') {
      const [all, name] = /^\(\?P=(\w+)\)/.exec(rest) ?? []
      if (all === undefined) return this.#unsupported('a reference to a group without a name')
      this.#take(all.length)
      return `\\k<${name as string}>`
    }
    if (open === '?#') {
      const end = rest.indexOf(')')
      if (end === -1) return this.#unsupported('a comment without an end')
      this.#take(end + 1)
      return ''
    }
    if (open !== undefined && open !== '?:') return this.#unsupported(`"${group}"`)
    return this.#take(open === undefined ? 1 : group.length)
  }

  #escape(): string {
    const [, letter = ''] = this.#take(2)
    if (letter === '') return this.#unsupported('it ends in a backslash')
    const { outside, word } = this.#classes
    const known = outside[letter]
    if (known !== undefined) return known
    switch (letter) {
      case 'A':
        return '(?<![^])'
      case 'Z':
        return '(?![^])'
      case 'b':
        return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
      case 'B':
        return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`
      default:
        return this.#literal(letter)
    }
  }

  #literal(letter: string): string {
    if (/[nrtfv]/.test(letter)) return `\\${letter}`
    if (letter === 'a') return '\\x07'
    if (letter === 'x' || letter === 'u' || letter === 'U') {
      const digits = this.#take({ x: 2, u: 4, U: 8 }[letter])
      return /^[\da-fA-F]+$/.test(digits) ? `\\u{${digits}}` : this.#unsupported(`"\\${letter}"`)
    }
    if (letter === '0') return '\\x00'
    if (/[1-9]/.test(letter)) {
      const [more = ''] = /^\d/.exec(this.#pattern.slice(this.#at)) ?? []
      this.#take(more.length)
      return `(?:\\${letter}${more})`
    }
    if (/[A-Za-z]/.test(letter)) return this.#unsupported(`"\\${letter}"`)
    return /[\^$\\.*+?()[\]{}|/]/.test(letter)
      ? `\\${letter}`
      : `\\u{${(letter.codePointAt(0) as number).toString(16)}}`
  }

  #set(): string {
    let out = this.#take(1)
    if (this.#pattern[this.#at] === '^') out += this.#take(1)
    let first = true
    let afterClass = false
    for (;;) {
      if (this.#at >= this.#pattern.length) this.#unsupported('"[" has no "]"')
      const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number)
      this.#take(character.length)
      if (character === ']' && !first) return `${out}]`
      const isDash =
        character === '-' && (first || afterClass || /^(?:\]|\\[dDwWsS])/.test(this.#pattern.slice(this.#at)))
      first = false
      afterClass = false
      if (isDash) out += '\\-'
      else if (character === '\\') {
        const letter = this.#take(1)
        const known = this.#classes.inSet[letter]
        if (known !== undefined) {
          out += known
          afterClass = true
        } else if (letter === 'b') out += '\\x08'
        else if (letter === '-') out += '\\-'
        else if (/[DSW]/.test(letter)) this.#unsupported(`"\\${letter}" in [ ]`)
        else out += this.#literal(letter)
      } else
        out +=
          /[[\]{}()|/\\^$.*+?&!#%,:;<=>@`~]/.test(character) && character !== '-' ? escapeInSet(character) : character
    }
  }
}

const escapeInSet = (character: string): string =>
  /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character
