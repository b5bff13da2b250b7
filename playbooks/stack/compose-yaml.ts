import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Pair, YAMLMap } from 'yaml'
import { type InventoryProblem, type SourceText, syntaxAdvice, toText, type YamlIssue } from 'labbook'

export interface ComposeDocument {
  /** The parsed nodes. {@link ComposeDocument.data} has their values at the time of its call. */
  readonly document: Document
  /** Plain data; null for an empty file. */
  data(): unknown
  locate(issue: YamlIssue): InventoryProblem
  /** The problem at an offset of the text. */
  at(offset: number, message: string): InventoryProblem
}

/**
 * Parses a compose file: YAML 1.2 with the merge key `<<`, as Docker does. Inventories are YAML 1.1, as Ansible's.
 *
 * @returns the document, or all its problems: syntax errors, duplicate keys, tags, aliases without an anchor.
 */
export function parseComposeYaml({ path, text }: SourceText): ComposeDocument | readonly InventoryProblem[] {
  const lines = new LineCounter()
  const at = (offset: number, message: string): InventoryProblem => {
    const { line, col } = lines.linePos(offset)
    return { path, line, column: col, message }
  }
  // The parser's own check for duplicate keys is quadratic; this one stays fast with 10,000 hosts.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true })
  const syntax = document.errors.map(({ code, message, pos }) => at(pos[0], syntaxAdvice(code) ?? message))
  if (syntax.length > 0) return syntax
  const problems = structureProblems(document, text).map(({ offset, message }) => at(offset, message))
  if (problems.length > 0) return problems
  const pairsOf = pairsByName()
  return {
    document,
    at,
    data: () => document.toJS({ maxAliasCount: -1 }) as unknown,
    locate: (issue) => at(offsetOf(document, issue, pairsOf), issue.message),
  }
}

interface SyntaxProblem {
  readonly offset: number
  readonly message: string
}

function structureProblems(document: Document, text: string): SyntaxProblem[] {
  const problems: SyntaxProblem[] = []
  for (const {
    code,
    pos: [from, to],
  } of document.warnings) {
    if (code === 'TAG_RESOLVE_FAILED') problems.push({ offset: from, message: explainTag(text.slice(from, to)) })
  }
  const anchors = new Set<string>()
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      const message = `the alias *${node.source} has no anchor &${node.source} above it`
      problems.push({ offset: startOf(node), message })
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor) anchors.add(node.anchor)
    if (isMap(node)) problems.push(...duplicateKeys(node))
  })
  return problems
}

function duplicateKeys(map: YAMLMap): SyntaxProblem[] {
  const seen = new Set<string>()
  const problems: SyntaxProblem[] = []
  for (const { key } of map.items) {
    const name = keyName(key)
    if (name === undefined) continue
    if (seen.has(name)) problems.push({ offset: startOf(key), message: `duplicate key "${name}": merge the two` })
    seen.add(name)
  }
  return problems
}

const explainTag = (tag: string): string => `the tag ${tag} is not supported: remove it`

type PairsOf = (map: YAMLMap) => ReadonlyMap<string, Pair>

/** Indexes each map once, however many problems it has. */
function pairsByName(): PairsOf {
  const known = new Map<YAMLMap, ReadonlyMap<string, Pair>>()
  return (map) => {
    const pairs = known.get(map) ?? new Map(map.items.map((pair) => [keyName(pair.key) ?? '', pair]))
    known.set(map, pairs)
    return pairs
  }
}

/** The offset of the value at the path, or of its key; if the path does not exist, of its deepest existing node. */
function offsetOf(document: Document, { path, at }: YamlIssue, pairsOf: PairsOf): number {
  let key: unknown
  let value: unknown = document.contents
  for (const step of path) {
    const inside = isAlias(value) ? value.resolve(document) : value
    const next = isMap(inside) ? pairsOf(inside).get(String(step)) : undefined
    if (next) [key, value] = [next.key, next.value]
    else if (isSeq(inside) && typeof step === 'number') value = inside.items[step]
    else break
  }
  const empty = !isNode(value) || (isScalar(value) && value.value === null)
  return startOf(key !== undefined && (at === 'key' || empty) ? key : value)
}

/** Undefined for merge keys (symbols, which may repeat) and for keys that are not scalars. */
const keyName = (key: unknown): string | undefined =>
  isScalar(key) && typeof key.value !== 'symbol' ? toText(key.value ?? '') : undefined

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)
