import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, ErrorCode } from 'yaml'
import type { InventoryProblem } from './errors.ts'
import type { SourceText } from './source-text.ts'
import { plainSource, type Vault } from './vault-text.ts'
import { makeData, startOf, type YamlData } from './yaml-data.ts'

/** Keys and indexes of a value. */
export type Path = readonly PropertyKey[]

/** An error at a path in the data; {@link YamlDocument.locate} finds its line. */
export interface YamlIssue {
  readonly path: Path
  /** Whether the error is in the last key of the path or in its value. */
  readonly at: 'key' | 'value'
  readonly message: string
}

export interface YamlDocument {
  /** Plain data, with `TemplateText` for text with expressions; null for an empty file. */
  readonly data: unknown
  readonly isJson: boolean
  locate(issue: YamlIssue): InventoryProblem
  /** Whether the last key of the path is a number in YAML, as `0640` is. */
  isNumber(path: Path): boolean
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'tabs are not allowed for indentation: use spaces',
  MULTIPLE_DOCS: 'a second document starts here: keep one, without "---" in between',
  MULTILINE_IMPLICIT_KEY: 'colon missing after this name: write "name:"',
  MISSING_CHAR: 'a quote or a colon is missing here or in the lines above',
  BLOCK_AS_IMPLICIT_KEY: 'two colons in one line: quote the value',
  BAD_INDENT: 'wrong indentation: align this line with its siblings',
  BAD_SCALAR_START: 'a value cannot start with this character: quote it',
  UNEXPECTED_TOKEN: 'unexpected text: check for a missing quote, colon or line break before it',
}

/** What to do about a syntax error, in place of the parser's message. */
export const syntaxAdvice = (code: ErrorCode): string | undefined => ADVICE[code]

/**
 * Parses YAML 1.1 as Ansible does into plain data with source positions. This is the only reader of inventories, vars
 * files and `--extra-vars`. A text that is JSON is read as JSON.
 *
 * @param vault - decrypts a text that is encrypted as a whole, and values `!vault`.
 * @returns the document, or all its problems: syntax errors, duplicate keys, tags, aliases without an anchor, values
 *   that would differ from Ansible's.
 */
export function parseYaml(source: SourceText, vault?: Vault): YamlDocument | readonly InventoryProblem[] {
  const plain = plainSource(source, vault)
  if ('message' in plain) return [plain]
  const { path, text, isConfidential = false } = plain
  const lines = new LineCounter()
  const at = (offset: number, message: string): InventoryProblem => {
    const { line, col } = lines.linePos(offset)
    return { path, line, column: col, message }
  }
  // The parser's own check for duplicate keys is quadratic; ours stays fast with 10,000 hosts.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    version: '1.1',
    schema: 'failsafe',
  })
  const unsupported = document.warnings.filter(({ code }) => code === 'BAD_DIRECTIVE')
  const syntax = [...document.errors, ...unsupported].map(({ code, message, pos }) =>
    at(pos[0], message.startsWith('Flow ') ? FLOW_INDENT : (syntaxAdvice(code) ?? message)),
  )
  const unusual = /[\u0085\u2028\u2029]/.exec(text)
  if (unusual) syntax.push(at(unusual.index, LINE_BREAK))
  if (syntax.length > 0) return syntax.map((problem) => ({ ...problem, isSyntax: true }))
  const position = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const json = isJson(text)
  const { data, problems, entriesOf } = makeData(document, {
    text,
    isJson: json,
    position,
    isConfidential,
    vault,
  })
  if (problems.length > 0) return problems.map(({ offset, message }) => at(offset, message))
  return {
    data,
    isJson: json,
    locate: (issue) => at(offsetOf(document, issue, entriesOf), issue.message),
    isNumber: (keys) => lastEntry(document, keys, entriesOf)?.isNumber === true,
  }
}

const FLOW_INDENT = 'close this list or mapping with a bracket, and indent its lines deeper than its key'
const LINE_BREAK = 'this character is a line break in YAML 1.1 only: in a quoted text write it as "\\u2028" or "\\N"'

/** Python's JSON also has NaN and Infinity. */
function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/gs, (token) =>
    token.startsWith('"') ? token : '0',
  )
  try {
    JSON.parse(strict)
    return true
  } catch {
    return false
  }
}

type EntriesOf = YamlData['entriesOf']

/** The offset of the value at the path, or of its key; if the path does not exist, of its deepest existing node. */
function offsetOf(document: Document, { path, at }: YamlIssue, entriesOf: EntriesOf): number {
  let key: unknown
  let value: unknown = document.contents
  for (const step of path) {
    const inside = isAlias(value) ? value.resolve(document) : value
    const next = isMap(inside) ? entriesOf(inside).get(String(step))?.pair : undefined
    if (next) [key, value] = [next.key, next.value]
    else if (isSeq(inside) && typeof step === 'number') value = inside.items[step]
    else break
  }
  const empty = !isNode(value) || (isScalar(value) && value.source === '')
  return startOf(key !== undefined && (at === 'key' || empty) ? key : value)
}

function lastEntry(document: Document, path: Path, entriesOf: EntriesOf): ReturnType<ReturnType<EntriesOf>['get']> {
  let value: unknown = document.contents
  let entry: ReturnType<typeof lastEntry>
  for (const step of path) {
    const inside = isAlias(value) ? value.resolve(document) : value
    entry = isMap(inside) ? entriesOf(inside).get(String(step)) : undefined
    value = entry?.pair.value
  }
  return entry
}
