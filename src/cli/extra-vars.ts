import { parse } from 'yaml'
import { UsageError } from './usage-error.ts'

/** One `--extra-vars` argument, classified; a file is not read yet. */
export type ExtraVarsArgument =
  | { readonly kind: 'pairs'; readonly text: string }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }

/** Texts of files by path. */
type Texts = Readonly<Record<string, string>>

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const QUOTED = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs
const WORD = /(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs

/**
 * Classifies an argument and validates it, except for a file, so that errors are reported before anything runs.
 *
 * @throws {UsageError} without the text itself, which may contain a password.
 */
export function parseExtraVars(text: string): ExtraVarsArgument {
  if (text.startsWith('@')) {
    if (text.length === 1) throw new UsageError('--extra-vars @ needs a file name: --extra-vars @vars.yml')
    return { kind: 'file', path: text.slice(1) }
  }
  const source: ExtraVarsArgument = { kind: /^\s*[{[]/.test(text) ? 'json' : 'pairs', text }
  entriesOf(source, {})
  return source
}

/**
 * Merges extra variables; later ones override earlier ones.
 *
 * @param files - the text of each file by path, as specified.
 * @throws {UsageError} a file is missing in `files` or does not contain variables.
 */
export function mergeExtraVars(sources: readonly ExtraVarsArgument[], files: Texts): Record<string, unknown> {
  return Object.fromEntries(sources.flatMap((source) => entriesOf(source, files)))
}

function entriesOf(source: ExtraVarsArgument, files: Texts): [string, unknown][] {
  if (source.kind === 'pairs') return pairs(source.text)
  if (source.kind === 'json') return mapping(source.text, '--extra-vars', 'an object such as \'{"key": "value"}\'')
  const text = files[source.path]
  if (text === undefined) throw new UsageError(`--extra-vars @${source.path}: the file was not read`)
  return mapping(text, source.path, 'lines such as "key: value"')
}

function mapping(text: string, where: string, expected: string): [string, unknown][] {
  let value: unknown
  try {
    value = parse(text, { prettyErrors: true })
  } catch (error) {
    const at = (error as { linePos?: { line: number; col: number }[] }).linePos?.[0]
    throw new UsageError(
      `${where}${at === undefined ? '' : `:${at.line}:${at.col}`}: invalid YAML; expected ${expected}`,
    )
  }
  if (value === null && text.trim() !== '') return [] // a file of comments
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${where}: expected ${expected}`)
  }
  return Object.entries(value).map(([key, item]) => [variableName(key, where), item])
}

function pairs(text: string): [string, string][] {
  const words = text.match(WORD) ?? []
  if (text.replace(WORD, '').trim() !== '') throw new UsageError('--extra-vars: missing closing quote')
  if (words.length === 0) throw new UsageError('--extra-vars is empty; expected key=value')
  return words.map((word, i) => {
    const at = word.indexOf('=')
    if (at < 1) {
      throw new UsageError(
        `--extra-vars: argument ${i + 1} is not key=value; ` + `quote a value with spaces: -e "key='two words'"`,
      )
    }
    return [variableName(word.slice(0, at), '--extra-vars'), unquote(word.slice(at + 1))]
  })
}

function unquote(word: string): string {
  return word.replace(
    QUOTED,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '',
  )
}

function variableName(name: string, where: string): string {
  if (!NAME.test(name)) throw new UsageError(`${where}: "${name}" is not a variable name (letters, digits and _)`)
  return name
}
