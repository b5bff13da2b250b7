import { isAlias, isMap, isScalar, isSeq, Scalar } from 'yaml'
import type { Alias, Document, Pair, YAMLMap, YAMLSeq } from 'yaml'
import { secret } from '../values/secret.ts'
import { hasTemplate, TemplateText } from '../values/template-text.ts'
import { encryptedText, isVault, type Vault } from './vault-text.ts'
import { readScalar, typeOfJson, typeOfPlain, type ScalarType } from './yaml-scalar.ts'

/** An error at an offset in the text. */
export interface SyntaxProblem {
  readonly offset: number
  readonly message: string
}

/** A key of a mapping, and its value's node. */
export interface Entry {
  readonly pair: Pair
  /** The key is a number in YAML: `0640` is 416. */
  readonly isNumber: boolean
}

export interface YamlData {
  readonly data: unknown
  readonly problems: readonly SyntaxProblem[]
  /** The entries of a mapping by key, without merged ones. */
  readonly entriesOf: (map: YAMLMap) => ReadonlyMap<string, Entry>
}

const CORE = 'tag:yaml.org,2002:'
const TYPED = ['int', 'float', 'bool', 'null', 'timestamp'] as const
const isTyped = (type: string): type is (typeof TYPED)[number] => (TYPED as readonly string[]).includes(type)

/** Other parsers take more characters as part of the name. */
const ANCHOR = /^[A-Za-z0-9_-]+$/

interface Options {
  readonly text: string
  /** The text is JSON, whose numbers differ (`1e3`). */
  readonly isJson: boolean
  /** `file:line:col` of an offset. */
  readonly position: (offset: number) => string
  /** The text was encrypted: its texts are secrets. */
  readonly isConfidential: boolean
  readonly vault: Vault | undefined
}

/**
 * Makes data of a parsed document as Ansible does: with YAML 1.1's types of plain scalars, and texts with template
 * expressions as {@link TemplateText}, unless they are marked with `!unsafe`.
 *
 * @param document - parsed with the schema "failsafe", in which all scalars are text.
 */
export function makeData(document: Document, options: Options): YamlData {
  const maker = new DataMaker(options)
  const data = maker.make(document.contents, false)
  return { data, problems: maker.problems, entriesOf: (map) => maker.entries.get(map) ?? new Map<string, Entry>() }
}

class DataMaker {
  readonly problems: SyntaxProblem[] = []
  readonly entries = new Map<YAMLMap, Map<string, Entry>>()
  readonly #options: Options
  /** The key that is being read: names are no secrets. */
  #currentKey: unknown
  /** The data of each anchor; undefined while it is being made. */
  readonly #anchors = new Map<string, { readonly data: unknown } | undefined>()

  constructor(options: Options) {
    this.#options = options
  }

  make(node: unknown, literal: boolean): unknown {
    if (isAlias(node)) return this.#resolve(node)
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null
    if (node.anchor !== undefined && !ANCHOR.test(node.anchor))
      this.#report(node, 'the name of an anchor may have letters, digits, "_" and "-" only: rename it')
    if (node.anchor !== undefined && this.#anchors.has(node.anchor))
      this.#report(node, `the anchor &${node.anchor} is defined twice: rename one of them`)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, undefined)
    const data = isScalar(node) ? this.#scalar(node, literal) : this.#collection(node, literal)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { data })
    return data
  }

  #report(node: unknown, message: string): null {
    this.problems.push({ offset: startOf(node), message })
    return null
  }

  #resolve(alias: Alias): unknown {
    const { source } = alias
    if (!this.#anchors.has(source)) {
      return this.#report(alias, `the alias *${source} has no anchor &${source} above it`)
    }
    const anchored = this.#anchors.get(source)
    return anchored === undefined
      ? this.#report(alias, `the alias *${source} is inside its own anchor &${source}: remove it`)
      : anchored.data
  }

  #scalar(node: Scalar, literal: boolean): unknown {
    const text = node.source ?? ''
    if (node.tag !== undefined && VAULT_TAGS.includes(node.tag)) return this.#encrypted(node, text)
    const type = this.#typeOf(node, text)
    if (type === undefined) return null
    const result = readScalar(text, type)
    if ('problem' in result) return this.#report(node, result.problem)
    const { value } = result
    const { isConfidential } = this.#options
    if (typeof value !== 'string') return isConfidential ? concealed(value) : value
    if (node === this.#currentKey) return value
    const isLiteral = literal || node.tag === '!unsafe'
    if (isLiteral) return isConfidential ? secret(value) : value
    if (!isConfidential && !hasTemplate(value)) return value
    return new TemplateText(value, this.#options.position(startOf(node)), { isConfidential })
  }

  #encrypted(node: unknown, envelope: string): unknown {
    if (!isVault(envelope)) return this.#report(node, `!vault needs the output of "ansible-vault encrypt_string"`)
    return encryptedText(envelope, this.#options.position(startOf(node)), this.#options.vault)
  }

  /** Undefined after reporting an unsupported tag. */
  #typeOf(node: Scalar, text: string): ScalarType | undefined {
    const { tag } = node
    const isPlain = node.type === Scalar.PLAIN
    if (tag === '!unsafe') return typeOfPlain(text) // quotes included, as in Ansible
    if (tag === '!' && text === '') return 'str'
    if (tag === undefined || tag === '!') {
      return isPlain ? (this.#options.isJson ? typeOfJson(text) : typeOfPlain(text)) : 'str'
    }
    const type = tag.startsWith(CORE) ? tag.slice(CORE.length) : tag
    if (type === 'str' || type === 'python/unicode') return 'str'
    if (!isTyped(type)) {
      this.#reportTag(node, tag)
      return undefined
    }
    const fits = type === 'null' || type === 'bool' || typeOfPlain(text) === type
    if (!fits && !(type === 'float' && typeOfPlain(text) === 'int')) {
      this.#report(node, `!!${type} does not fit this value: remove the tag`)
      return undefined
    }
    return type
  }

  #reportTag(node: unknown, tag: string): void {
    const before = this.#options.text.slice(0, startOf(node))
    const offset = /!\S*(?:\s+&\S+)?\s*$/.exec(before)?.index ?? startOf(node)
    this.problems.push({ offset, message: explainTag(tag.startsWith(CORE) ? `!!${tag.slice(CORE.length)}` : tag) })
  }

  #collection(node: YAMLMap | YAMLSeq, literal: boolean): unknown {
    const kind = isMap(node) ? 'map' : 'seq'
    const { tag } = node
    if (tag !== undefined && ![`${CORE}${kind}`, '!', '!unsafe'].includes(tag)) this.#reportTag(node, tag)
    const isLiteral = literal || tag === '!unsafe'
    if (isMap(node)) return this.#mapping(node, isLiteral)
    return node.items.map((item) => this.make(item, isLiteral))
  }

  #mapping(map: YAMLMap, literal: boolean): Record<string, unknown> {
    const merged = new Map<string, unknown>()
    const own = new Map<string, unknown>()
    const entries = new Map<string, Entry>()
    this.entries.set(map, entries)
    for (const pair of map.items) {
      const key = this.#key(pair.key)
      if (key === undefined) continue
      const { name, isNumber } = key
      if (name === undefined) {
        this.#merge(pair, this.make(pair.value, literal), merged)
        continue
      }
      if (this.#options.isJson && name === '__ansible_unsafe')
        this.#report(pair.key, `${name} is not supported: write the value itself, in YAML with the tag !unsafe`)
      if (this.#options.isJson && name === '__ansible_vault' && map.items.length === 1 && isScalar(pair.value))
        return this.#encrypted(pair.value, String(pair.value.value)) as Record<string, unknown>
      if (entries.has(name)) this.#report(pair.key, `duplicate key "${name}": merge the two`)
      entries.set(name, { pair, isNumber })
      own.set(name, this.make(pair.value, literal))
    }
    const all = new Map([...merged, ...own])
    const data = Object.fromEntries(all)
    this.#checkOrder(map, [...all.keys()], Object.keys(data))
    return data
  }

  /** The name is undefined for a merge key. Undefined after reporting an unsupported key. */
  #key(node: unknown): { readonly name: string | undefined; readonly isNumber: boolean } | undefined {
    if (isScalar(node) && node.type === Scalar.PLAIN && node.tag === undefined && !this.#options.isJson) {
      const text = node.source ?? ''
      const type = typeOfPlain(text)
      if (type === 'merge') return { name: undefined, isNumber: false }
      if (type === 'value') return { name: text, isNumber: false }
      if (type === 'timestamp') {
        this.#report(node, `the key ${text} is a date in YAML: quote it`)
        return undefined
      }
    }
    const before = this.problems.length
    this.#currentKey = node
    const value = this.make(node, true)
    if (value === '__proto__') this.#report(node, 'the key "__proto__" is not supported: rename it')
    if (typeof value === 'string') return { name: value, isNumber: false }
    if (typeof value === 'number' && Number.isInteger(value)) return { name: String(value), isNumber: true }
    // A problem of the key itself is enough.
    if (this.problems.length === before) this.#report(node, explainKey(value))
    return undefined
  }

  #merge({ key, value: node }: Pair, value: unknown, merged: Map<string, unknown>): void {
    const mappings = Array.isArray(value) ? (value as unknown[]) : [value]
    for (const mapping of mappings) {
      if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) {
        this.#report(node ?? key, '"<<" needs a mapping, or a list of mappings, as in "<<: *anchor"')
        return
      }
      // Of several values for one key, Ansible takes the first.
      for (const [name, item] of Object.entries(mapping)) if (!merged.has(name)) merged.set(name, item)
    }
  }

  /** Objects list whole numbers first, which would change the order of loops. */
  #checkOrder(map: YAMLMap, written: readonly string[], listed: readonly string[]): void {
    const first = written.findIndex((key, i) => key !== listed[i])
    if (first === -1) return
    const name = listed[first] ?? ''
    const node = this.entries.get(map)?.get(name)?.pair.key ?? map
    this.#report(node, `keys that are whole numbers must come first, in ascending order: move "${name}" up`)
  }
}

function explainTag(tag: string): string {
  return VAULT_TAGS.includes(tag)
    ? `${tag} needs text: write "${tag} |", and the encrypted value below it`
    : `the tag ${tag} is not supported: remove it`
}

const VAULT_TAGS = ['!vault', '!vault-encrypted']

/** Whole numbers of a vault with four or more digits are masked: they may be codes. They stay numbers. */
export function concealed<T>(value: T): T {
  if (typeof value === 'number' && value > 999) secret(String(value))
  return value
}

const explainKey = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? 'a list or a mapping cannot be a key: write text'
    : `YAML reads this key as ${value === null ? 'null' : typeof value === 'boolean' ? String(value) : 'a number'}: quote it`

/** The offset of a node. */
export const startOf = (node: unknown): number =>
  isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0
