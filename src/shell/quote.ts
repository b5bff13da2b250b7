import { reveal, type Secret } from '../values/secret.ts'

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/**
 * Quotes a value as one word for a POSIX shell. Secrets are revealed: use the text only in scripts sent on stdin, never
 * on a command line.
 *
 * @throws {TypeError} the value contains a NUL byte.
 */
export function quote(word: string | number | Secret): string {
  const text = typeof word === 'number' ? String(word) : reveal(word)
  if (text.includes('\0')) throw new TypeError('a NUL byte cannot be part of a shell word')
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * Template tag for shell scripts: each `${value}` becomes one quoted word, each item of a list one word.
 *
 * @example sh`install -d -m ${mode} -- ${paths}`
 */
export function sh(strings: TemplateStringsArray, ...values: Value[]): string {
  return strings.reduce((text, part, i) => text + word(values[i - 1] as Value) + part)
}

/** Script text that {@link sh} inserts without quoting. */
export const raw = (text: string): Raw => ({ raw: text })

interface Raw {
  readonly raw: string
}
type Word = string | number | Secret
type Value = Word | Raw | readonly Word[]

function word(value: Value): string {
  if (Array.isArray(value)) return value.map((item: Word) => quote(item)).join(' ')
  return typeof value === 'object' && 'raw' in value ? value.raw : quote(value as Word)
}
