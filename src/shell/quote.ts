import { reveal, type Secret } from '../values/secret.ts'

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/**
 * One word for a POSIX shell, whatever it contains. A secret is revealed: the text is meant for a script that travels
 * on stdin, never for a command line.
 *
 * @throws {TypeError} for a NUL byte, which no shell word can hold.
 */
export function quote(word: string | number | Secret): string {
  const text = typeof word === 'number' ? String(word) : reveal(word)
  if (text.includes('\0')) throw new TypeError('a NUL byte cannot be part of a shell word')
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * Template tag for script text: every `${value}` becomes one quoted word, a list becomes one word each.
 *
 * @example sh`install -d -m ${mode} -- ${paths}`
 */
export function sh(strings: TemplateStringsArray, ...values: Value[]): string {
  return strings.reduce((text, part, i) => text + word(values[i - 1] as Value) + part)
}

/** Script text that {@link sh} inserts as it is. */
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
