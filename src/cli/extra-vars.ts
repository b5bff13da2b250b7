import { checkVars, InventoryError, parseVars, type Vault } from '../inventory/index.ts'
import { hasTemplate, TemplateText } from '../values/template-text.ts'
import { keyValue, splitWords } from './key-values.ts'
import { UsageError } from './usage-error.ts'

/** One `--extra-vars` argument, classified; a file is not read yet. */
export type ExtraVarsArgument =
  | { readonly kind: 'pairs'; readonly text: string }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }

/** Texts of files by path. */
type Texts = Readonly<Record<string, string>>

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
 * @param vault - decrypts what the files have encrypted.
 * @throws {UsageError} a file is missing in `files` or does not contain variables.
 */
export function mergeExtraVars(
  sources: readonly ExtraVarsArgument[],
  files: Texts,
  vault?: Vault,
): Record<string, unknown> {
  return Object.fromEntries(sources.flatMap((source) => entriesOf(source, files, vault)))
}

function entriesOf(source: ExtraVarsArgument, files: Texts, vault?: Vault): [string, unknown][] {
  if (source.kind === 'pairs') return pairs(source.text)
  if (source.kind === 'json') return mapping(source.text, '--extra-vars', 'an object such as \'{"key": "value"}\'')
  const text = files[source.path]
  if (text === undefined) throw new UsageError(`--extra-vars @${source.path}: the file was not read`)
  return mapping(text, source.path, 'lines such as "key: value"', vault)
}

function mapping(text: string, where: string, expected: string, vault?: Vault): [string, unknown][] {
  const vars = asUsageError(() => parseVars({ path: where, text }, vault), expected)
  if (vars === null && text.trim() === '') throw new UsageError(`${where}: expected ${expected}`)
  return Object.entries(vars ?? {}) // a file of comments has none
}

/** Problems of `--extra-vars` are those of vars files. */
function asUsageError<T>(read: () => T, expected?: string): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error
    throw new UsageError(`${error.message}${expected === undefined ? '' : `\nExpected ${expected}.`}`)
  }
}

function pairs(text: string): [string, unknown][] {
  const words = splitWords(text).filter((word) => word.trim() !== '')
  if (words.length === 0) throw new UsageError('--extra-vars is empty; expected key=value')
  const entries = words.map((word, i): [string, unknown] => {
    const [key, value] = keyValue(word) ?? []
    if (key === undefined || value === undefined) {
      throw new UsageError(
        `--extra-vars: argument ${i + 1} is not key=value; ` + `quote a value with spaces: -e "key='two words'"`,
      )
    }
    if (key === '__proto__') throw new UsageError('--extra-vars: the name "__proto__" is not supported')
    return [key, hasTemplate(value) ? new TemplateText(value, '--extra-vars') : value]
  })
  return Object.entries(asUsageError(() => checkVars('--extra-vars', Object.fromEntries(entries))))
}
