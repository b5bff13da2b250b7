import { PYTHON_ESCAPES } from '../text/python-escapes.ts'
import { UsageError } from './usage-error.ts'

/*
 * Not by a library, nor as a shell reads it: Ansible decodes escapes in and out of quotes, and removes quotes only
 * around a value. Both read the same -e (parsing/splitter.py).
 */

const ESCAPE = /\\(?:U([\dA-Fa-f]{8})|u([\dA-Fa-f]{4})|x([\dA-Fa-f]{2})|(N)\{[^}]+\}|([\\'"abfnrtv]))/g

/** What Jinja2 encloses, with how many are open. */
const BLOCKS = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['{#', '#}'],
] as const

/**
 * The words of `a=1 b='two words' c={{ d }}`, as Ansible's `split_args`: separated by spaces and lines, except in
 * quotes and templates.
 *
 * @throws {UsageError} a quote or a template is not closed.
 */
export function splitWords(text: string): string[] {
  const lines = text.split('\n')
  const words: string[] = []
  let quote: string | undefined
  let depths = BLOCKS.map(() => 0)
  const isInBlock = (): boolean => depths.some((depth) => depth > 0)
  const append = (added: string): void => {
    words.push((words.pop() ?? '') + added)
  }
  for (const [i, line] of lines.entries()) {
    let isContinued = false
    for (const [at, token] of line.split(' ').entries()) {
      if (token === '' && at > 0) append(' ')
      else if (token === '\\' && quote === undefined) isContinued = true
      else {
        const isJoined = isInBlock() || quote !== undefined
        quote = quoteAfter(token, quote)
        depths = BLOCKS.map(([open, close], n) =>
          Math.max(0, (depths[n] ?? 0) + count(token, open) - count(token, close)),
        )
        if (isJoined) append(at === 0 ? token : ` ${token}`)
        else if (token !== '') words.push(token)
      }
    }
    if (i < lines.length - 1 && !isContinued) append('\n')
  }
  if (quote !== undefined || isInBlock())
    throw new UsageError('--extra-vars: missing closing quote, or end of a template')
  return words
}

const count = (text: string, part: string): number => text.split(part).length - 1

/** The quote that is open after a word; a backslash before a quote keeps it from opening or closing. */
function quoteAfter(token: string, before: string | undefined): string | undefined {
  let open = before
  for (const [, quote] of token.matchAll(/(?<!\\)(["'])/g))
    open = open === undefined ? quote : open === quote ? undefined : open
  return open
}

/**
 * Splits a word into key and value, as Ansible's `parse_kv`: of escapes those of Python, of quotes the outer pair.
 *
 * @returns undefined without an equals sign after a key.
 * @throws {UsageError} an escape is invalid.
 */
export function keyValue(word: string): readonly [key: string, value: string] | undefined {
  const decoded = word.replace(
    ESCAPE,
    (escape, long?: string, short?: string, hex?: string, name?: string, character?: string) => {
      if (name !== undefined)
        throw new UsageError('--extra-vars: characters by name, \\N{...}, are not supported: write \\uXXXX')
      if (character !== undefined) return PYTHON_ESCAPES[character] ?? character
      const code = Number.parseInt(long ?? short ?? hex ?? '', 16)
      if (code > 0x10_ff_ff) throw new UsageError(`--extra-vars: ${escape} is no character`)
      return String.fromCodePoint(code)
    },
  )
  const at = /[^\\]=/s.exec(decoded)?.index
  if (at === undefined) return undefined
  return [decoded.slice(0, at + 1).trim(), unquote(decoded.slice(at + 2).trim())]
}

/** Removes one pair of quotes around a text, as Ansible's `unquote`. */
export const unquote = (text: string): string => (/^(["']).*(?<!\\)\1$/s.test(text) ? text.slice(1, -1) : text)
