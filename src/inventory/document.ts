import { isAlias, isCollection, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, ErrorCode, Pair, YAMLMap } from 'yaml'
import type { Problem } from './errors.ts'

/** A file's text and its name. */
export interface Source {
  /** As the user gave it; errors begin with it. */
  readonly path: string
  readonly text: string
}

/** Keys and indexes that lead to a value. */
export type Path = readonly PropertyKey[]

/** Something wrong at a place in the data; {@link YamlDocument.locate} finds its line. */
export interface Issue {
  readonly path: Path
  /** Whether the fault is in the last key of the path or in what stands after it. */
  readonly at: 'key' | 'value'
  readonly message: string
}

export interface YamlDocument {
  /** Plain data; null for an empty file. */
  readonly data: unknown
  locate(issue: Issue): Problem
}

/** How to mend what the parser's own words leave open. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab is used to indent: YAML wants spaces',
  MULTIPLE_DOCS: 'a second document begins here: keep one, without a "---" in between',
  MULTILINE_IMPLICIT_KEY: 'there is no colon after this name: write it as "name:"',
  MISSING_CHAR: 'a quote or a colon is missing here or in the lines above',
  BLOCK_AS_IMPLICIT_KEY: 'there are two colons in one line: put quotes around the value',
  BAD_INDENT: 'this line is indented differently from its neighbours',
  BAD_SCALAR_START: 'a value cannot begin with this character: put quotes around the value',
  UNEXPECTED_TOKEN: 'this text is not expected here: is a quote, a colon or a line break missing before it?',
}

/**
 * Reads YAML 1.2 (with the merge key `<<` that Ansible's YAML has) into plain data that remembers its lines.
 *
 * @returns the document, or all its problems: syntax, keys that stand twice, tags, aliases without an anchor.
 */
export function readYaml({ path, text }: Source): YamlDocument | readonly Problem[] {
  const lines = new LineCounter()
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset)
    return { path, line, column: col, message }
  }
  if (text.startsWith('$ANSIBLE_VAULT')) {
    const message = 'this file is encrypted with Ansible Vault, which is not supported: decrypt it'
    return [{ path, line: 1, column: 1, message }]
  }
  // The parser's own search for double keys compares each with each; ours stays fast with 10,000 hosts.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true })
  const syntax = document.errors.map(({ code, message, pos }) => at(pos[0], ADVICE[code] ?? message))
  if (syntax.length > 0) return looksLikeIni(text) ? [at(0, INI)] : syntax
  const faults = structureFaults(document, text).map(({ offset, message }) => at(offset, message))
  if (faults.length > 0) return faults
  const pairsOf = pairsByName()
  return {
    data: document.toJS({ maxAliasCount: -1 }),
    locate: (issue) => at(offsetOf(document, issue, pairsOf), issue.message),
  }
}

const INI = 'this looks like an INI inventory: convert it to YAML with "ansible-inventory -i FILE --list --yaml"'

const looksLikeIni = (text: string) => /^\[[\w:.-]+\]\s*$/m.test(text)

interface Fault {
  readonly offset: number
  readonly message: string
}

function structureFaults(document: Document, text: string): Fault[] {
  const faults: Fault[] = []
  for (const {
    code,
    pos: [from, to],
  } of document.warnings) {
    if (code === 'TAG_RESOLVE_FAILED') faults.push({ offset: from, message: explainTag(text.slice(from, to)) })
  }
  const anchors = new Set<string>()
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      const message = `the alias *${node.source} has no anchor &${node.source} above it`
      faults.push({ offset: startOf(node), message })
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor) anchors.add(node.anchor)
    if (isMap(node)) faults.push(...doubleKeys(node))
  })
  return faults
}

function doubleKeys(map: YAMLMap): Fault[] {
  const seen = new Set<string>()
  const faults: Fault[] = []
  for (const { key } of map.items) {
    const name = keyName(key)
    if (name === undefined) continue
    if (seen.has(name)) faults.push({ offset: startOf(key), message: `"${name}" stands twice here: join the two` })
    seen.add(name)
  }
  return faults
}

function explainTag(tag: string): string {
  const mend =
    tag === '!vault' || tag === '!vault-encrypted'
      ? 'keep the secret out of the inventory (use SSH keys, and --ask-become-pass for sudo)'
      : 'leave it out'
  return `the tag ${tag} is not supported: ${mend}`
}

type PairsOf = (map: YAMLMap) => ReadonlyMap<string, Pair>

/** Looks through each map once, however many problems there are in it. */
function pairsByName(): PairsOf {
  const known = new Map<YAMLMap, ReadonlyMap<string, Pair>>()
  return (map) => {
    const pairs = known.get(map) ?? new Map(map.items.map((pair) => [keyName(pair.key) ?? '', pair]))
    known.set(map, pairs)
    return pairs
  }
}

/** Where the value at the end of the path begins, or its key; where the path is not there, the deepest thing on it. */
function offsetOf(document: Document, { path, at }: Issue, pairsOf: PairsOf): number {
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

/** Undefined for a merge key, which is a symbol and may stand several times, and for what is no plain key. */
const keyName = (key: unknown): string | undefined =>
  isScalar(key) && typeof key.value !== 'symbol' ? String(key.value ?? '') : undefined

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)
