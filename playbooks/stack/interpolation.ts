import { isMap, isScalar, isSeq, Scalar, visit } from 'yaml'
import type { Document, Pair } from 'yaml'
import type { InventoryProblem, SourceText } from 'labbook'
import { castsOf } from './casts.ts'
import type { ComposeDocument } from './compose-yaml.ts'
import { entriesOf, nodesAt } from './node-paths.ts'
import { type Lookup, substitute, SubstitutionError } from './substitution.ts'

/** A compose file with the values of its variables. */
export interface Interpolated {
  /**
   * The file for Docker: values with variables are replaced, and nothing else but the format version is changed, since
   * Docker and Labbook read numbers such as 0440 differently. Each remaining `$` is doubled: Docker finds no variable.
   */
  readonly text: string
  readonly version: string
  readonly problems: readonly InventoryProblem[]
  readonly warnings: readonly InventoryProblem[]
  readonly environment: readonly EnvironmentEntry[]
}

/** An entry of `environment`. */
export interface EnvironmentEntry {
  readonly key: string
  /** The variables in its value. */
  readonly variables: ReadonlySet<string>
}

/** A format version that every Docker with Swarm accepts: old ones require it, new ones ignore it. */
export const OLDEST_VERSION = '3.9'
/** Keys that need a newer version, with the paths of their values. */
const NEWER: readonly (readonly [string, string])[] = [
  ['3.13', 'services.*.networks.*.driver_opts'],
  ['3.12', 'services.*.healthcheck.start_interval'],
]
/** Maps of texts, in which Docker reads a boolean as one: before version 25 also these words. */
const PAIRS = ['environment', 'labels', 'sysctls', 'extra_hosts', 'deploy.labels'].map((key) => `services.*.${key}.*`)
/** Variables of the shell that runs Docker: an entry of `environment` without a value, or an empty one, gets theirs. */
const OF_THE_NODE = /^(HOME|PATH|PWD|OLDPWD|SHELL|SHLVL|USER|LOGNAME|MAIL|LANG|SUDO_[A-Z]+)$/
const YAML_1_1_BOOLEAN = /^(yes|no|on|off)$/i

interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/**
 * Gives the variables in a document's values their values, as Docker Compose does: in texts, after parsing, then
 * converted to numbers and booleans where the format requires them. The document's nodes change with it.
 */
export function interpolate(compose: ComposeDocument, source: SourceText, lookup: Lookup): Interpolated {
  const run = new Interpolation(compose, source, lookup)
  run.substituteScalars()
  const environment = run.fillEnvironment()
  run.markBooleans()
  const version = versionFor(compose.document)
  run.setVersion(version)
  return { text: run.text(), version, problems: run.problems, warnings: run.warnings, environment }
}

const versionFor = (document: Document): string =>
  NEWER.find(([, path]) => nodesAt(document, path).size > 0)?.[0] ?? OLDEST_VERSION

class Interpolation {
  readonly problems: InventoryProblem[] = []
  readonly warnings: InventoryProblem[] = []
  readonly #compose: ComposeDocument
  readonly #document: Document
  readonly #source: string
  readonly #lookup: Lookup
  readonly #edits = new Map<unknown, Edit>()
  /** Variables of each scalar that has some. */
  readonly #variables = new Map<unknown, ReadonlySet<string>>()

  /** Offsets of entries without a value: services may share them. */
  readonly #warned = new Set<number>()

  constructor(compose: ComposeDocument, { text }: SourceText, lookup: Lookup) {
    this.#compose = compose
    this.#document = compose.document
    this.#source = text
    this.#lookup = lookup
  }

  substituteScalars(): void {
    const casts = castsOf(this.#document)
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string') return
        if (node.value.includes('$')) {
          const value = this.#substitute(node)
          if (value === undefined) return
          const cast = casts.get(node)?.(value)
          node.value = cast ?? value
          this.#replace(node, cast === undefined ? quoted(value) : String(cast))
        }
        if (typeof node.value === 'string' && node.value.includes('\0'))
          this.#problem(startOf(node), 'contains a NUL character, which no program can receive: remove it')
      },
    })
  }

  #substitute(node: Scalar): string | undefined {
    const names = new Set<string>()
    try {
      return substitute(node.value as string, (name) => {
        names.add(name)
        return this.#lookup(name)
      })
    } catch (error) {
      if (!(error instanceof SubstitutionError)) throw error
      const { variable, message } = error
      const hint = variable === undefined ? '' : `: set it with -e ${variable}=..., or write \${${variable}:-VALUE}`
      this.#problem(this.#offsetIn(node, variable), `${message}${hint}`)
      return undefined
    } finally {
      this.#variables.set(node, names)
    }
  }

  /** The offset of a variable in a scalar; of the scalar, if it is written differently there. */
  #offsetIn(node: Scalar, variable: string | undefined): number {
    const [from, to] = node.range ?? [0, 0]
    const name = variable === undefined ? '' : `\\{?${variable}(?![A-Za-z0-9_])`
    return from + Math.max(0, this.#source.slice(from, to).search(new RegExp(`\\$${name}`)))
  }

  /** Names in `environment` without a value receive that of the variable. */
  fillEnvironment(): EnvironmentEntry[] {
    const found: EnvironmentEntry[] = []
    for (const node of nodesAt(this.#document, 'services.*.environment')) {
      for (const { key, pair } of isMap(node) ? entriesOf(this.#document, node) : []) {
        if (isEmpty(pair.value)) found.push(this.#fill(key, startOf(pair.key), (value) => this.#setValue(pair, value)))
        else found.push(this.#entry(key, pair.value, isScalar(pair.value) && pair.value.value === ''))
      }
      for (const item of isSeq(node) ? node.items : []) {
        if (!isScalar(item) || typeof item.value !== 'string') continue
        const [key = ''] = item.value.split('=', 1)
        const setValue = (value: string): void => {
          item.value = `${key}=${value}`
          this.#replace(item, quoted(item.value as string))
        }
        if (item.value.includes('=')) found.push(this.#entry(key, item, item.value === `${key}=`))
        else found.push(this.#fill(key, startOf(item), setValue))
      }
    }
    return found
  }

  #entry(key: string, node: unknown, empty: boolean): EnvironmentEntry {
    if (empty) this.#checkNodeVariable(key, startOf(node))
    return { key, variables: this.#variables.get(node) ?? new Set() }
  }

  #checkNodeVariable(key: string, offset: number): void {
    if (!OF_THE_NODE.test(key)) return
    this.#problem(offset, `"${key}" has no value, and Docker would use that of the docker command on the node: set one`)
  }

  #fill(key: string, offset: number, set: (value: string) => void): EnvironmentEntry {
    const value = this.#lookup(key)
    if (value === undefined) {
      const message = `"${key}" has no value, and is not set in the container: set it with -e ${key}=..., or remove it`
      if (!this.#warned.has(offset)) this.warnings.push(this.#compose.at(offset, message))
      this.#warned.add(offset)
      this.#checkNodeVariable(key, offset)
      return { key, variables: new Set() }
    }
    if (value === '') this.#checkNodeVariable(key, offset)
    if (value.includes('\0')) this.#problem(offset, `variable ${key} contains a NUL character: remove it`)
    set(value)
    return { key, variables: new Set([key]) }
  }

  #setValue(pair: Pair, value: string): void {
    const scalar = isScalar(pair.value) ? pair.value : undefined
    const [from, to] = scalar?.range ?? rangeAfter(pair.key)
    const before = scalar === undefined ? this.#beforeValueOf(pair.key) : from === to ? ' ' : ''
    const text = `${before}${quoted(value)}${this.#source[to] === '#' ? ' ' : ''}`
    this.#edits.set(pair, { from, to, text })
    pair.value = this.#document.createNode(value)
  }

  /** What separates a key without a colon from its value: in `{KEY}`, or in a line `? KEY`. */
  #beforeValueOf(key: unknown): string {
    const start = startOf(key)
    const line = this.#source.slice(this.#source.lastIndexOf('\n', start - 1) + 1, start)
    return /^\s*\?\s+$/.test(line) ? `\n${line.replace('?', ':')}` : ': '
  }

  markBooleans(): void {
    for (const path of PAIRS) {
      for (const node of nodesAt(this.#document, path)) {
        if (!isScalar(node) || node.type !== Scalar.PLAIN || this.#variables.has(node)) continue
        if (typeof node.value === 'string' && YAML_1_1_BOOLEAN.test(node.value))
          node.value = /^(y|on)/i.test(node.value)
      }
    }
  }

  setVersion(version: string): void {
    const { contents } = this.#document
    if (!isMap(contents)) return
    const current = contents.items.find(({ key }) => isScalar(key) && key.value === 'version')?.value
    if (isScalar(current) && current.range) {
      this.#replace(current, `'${version}'`)
      return
    }
    const [start] = contents.range ?? [0]
    if (contents.flow) {
      this.#edits.set(contents, { from: start + 1, to: start + 1, text: `"version": "${version}", ` })
      return
    }
    const indent = this.#source.slice(this.#source.lastIndexOf('\n', start - 1) + 1, start)
    const text = `version: '${version}'\n${/^\s*$/.test(indent) ? indent : ''}`
    this.#edits.set(contents, { from: start, to: start, text })
  }

  text(): string {
    let text = ''
    let at = 0
    for (const edit of [...this.#edits.values()].sort((a, b) => a.from - b.from)) {
      text += this.#source.slice(at, edit.from) + edit.text
      at = edit.to
    }
    return text + this.#source.slice(at)
  }

  #replace(node: Scalar, text: string): void {
    const [from, to] = node.range ?? [0, 0]
    const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED
    this.#edits.set(node, { from, to, text: isBlock ? `${text}\n` : text })
  }

  #problem(offset: number, message: string): void {
    this.problems.push(this.#compose.at(offset, message))
  }
}

const isEmpty = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null)

const startOf = (node: unknown): number => (isScalar(node) ? (node.range?.[0] ?? 0) : 0)

const rangeAfter = (key: unknown): [number, number] => {
  const end = isScalar(key) ? (key.range?.[1] ?? 0) : 0
  return [end, end]
}

/** A text as a double-quoted scalar that every version of YAML reads, and in which Docker finds no variable. */
const quoted = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('$', '$$$$')
    .replace(
      /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
