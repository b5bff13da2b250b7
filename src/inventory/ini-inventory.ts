import { hasTemplate, TemplateText } from '../values/template-text.ts'
import type { InventoryProblem } from './errors.ts'
import type { InventoryEntry, InventoryFile } from './groups.ts'
import { readLiteral } from './python-literal.ts'
import { groupNameProblem, hostNameProblem } from './schema.ts'
import { shlexWords, type Word } from './shlex.ts'
import { type IniVariable, iniVariables } from './variables.ts'
import type { SourceText } from './source-text.ts'
import { concealed } from './yaml-data.ts'

/** An inventory file whose entries know their lines. */
export interface ParsedInventory extends InventoryFile {
  readonly problems: readonly InventoryProblem[]
}

type Section = 'hosts' | 'children' | 'vars'

const SECTION = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/
const GROUP_NAME = /^([^:\]\s]+)\s*(?:#.*)?$/

/** The line breaks of Python's `splitlines`. */
const LINE_BREAK = /\r\n|[\n\r\v\f\u001C-\u001E\u0085\u2028\u2029]/

/**
 * Parses an INI inventory as Ansible's plugin "ini" does, line by line, so that groups and hosts have its order.
 *
 * @param known - the groups of the inventories before this one: their names need no section here.
 */
export function parseIni(source: SourceText, known: ReadonlySet<string>): ParsedInventory {
  const { path, text, isConfidential = false } = source
  const parser = new IniParser(path, known, isConfidential)
  text.split(LINE_BREAK).forEach((line, i) => {
    parser.read(line, i + 1)
  })
  parser.end()
  return parser
}

/** A group that is named before its section: as a child, or in a section of variables. */
interface Pending {
  readonly line: number
  readonly column: number
  readonly parents: { readonly name: string; readonly line: number; readonly column: number }[]
}

class IniParser implements ParsedInventory {
  readonly entries: InventoryEntry[] = []
  readonly problems: InventoryProblem[] = []
  readonly #path: string
  /** The file was encrypted: its texts are secrets. */
  readonly #isConfidential: boolean
  readonly #groups: Set<string>
  readonly #pending = new Map<string, Pending>()
  /** Where each entry is, for {@link report}. */
  readonly #places: { readonly line: number; readonly column: number }[] = []
  #group = 'ungrouped'
  #section: Section = 'hosts'
  #line = 0

  constructor(path: string, known: ReadonlySet<string>, isConfidential: boolean) {
    this.#isConfidential = isConfidential
    this.#path = path
    this.#groups = new Set(['all', 'ungrouped', ...known])
  }

  report: InventoryFile['report'] = (issues) =>
    issues.map(({ path: [index], message }) => {
      const { line, column } = this.#places[Number(index)] ?? { line: 0, column: 0 }
      return { path: this.#path, line, column, message }
    })

  read(raw: string, line: number): void {
    this.#line = line
    const text = raw.trim()
    const column = raw.length - raw.trimStart().length + 1
    if (text === '' || text.startsWith('#') || text.startsWith(';')) return
    const header = SECTION.exec(text)
    if (header !== null) this.#header(header[1] ?? '', header[2] ?? 'hosts', column)
    else if (text.startsWith('[') && text.endsWith(']'))
      this.#problem(column, 'this is not a section: write [group], [group:vars] or [group:children], without spaces')
    else if (this.#section === 'hosts') this.#host(text, column)
    else if (this.#section === 'vars') this.#variable(text, column)
    else this.#child(text, column)
  }

  /** Reports the groups without a section. */
  end(): void {
    for (const [name, { line, column, parents }] of this.#pending) {
      const [parent] = parents
      const message =
        parent === undefined
          ? `[${name}:vars] has no group: add the section [${name}]`
          : `[${parent.name}:children] has no group "${name}": add the section [${name}]`
      this.problems.push({ path: this.#path, ...(parent ?? { line, column }), message })
    }
  }

  #problem(column: number, message: string): void {
    this.problems.push({ path: this.#path, line: this.#line, column, message })
  }

  #add(column: number, name: string, entry: InventoryEntry['entry'], line = this.#line): void {
    this.entries.push({ name, entry, path: [this.entries.length] })
    this.#places.push({ line, column })
  }

  #header(name: string, section: string, column: number): void {
    if (section !== 'hosts' && section !== 'vars' && section !== 'children') {
      this.#problem(column, `unknown section [${name}:${section}]: write [${name}:vars] or [${name}:children]`)
      return
    }
    const problem = groupNameProblem(name)
    if (problem !== undefined) this.#problem(column + 1, problem)
    this.#group = name
    this.#section = section
    if (!this.#groups.has(name)) {
      if (section === 'vars' && !this.#pending.has(name))
        this.#pending.set(name, { line: this.#line, column, parents: [] })
      this.#groups.add(name)
      this.#add(column, name, null)
    }
    if (section !== 'vars') this.#declare(name)
  }

  /** Makes a pending group a child of the groups that have named it; of these, those that were pending themselves. */
  #declare(name: string): void {
    const pending = this.#pending.get(name)
    if (pending === undefined) return
    this.#pending.delete(name)
    for (const parent of pending.parents)
      this.#add(parent.column, parent.name, { children: { [name]: null } }, parent.line)
  }

  #child(text: string, column: number): void {
    const [, name] = GROUP_NAME.exec(text) ?? []
    if (name === undefined) {
      this.#problem(column, 'this is not a group name: write one group per line, without a colon')
      return
    }
    const problem = groupNameProblem(name)
    if (problem !== undefined) this.#problem(column, problem)
    if (this.#groups.has(name)) this.#add(column, this.#group, { children: { [name]: null } })
    else {
      const place = { line: this.#line, column }
      const pending = this.#pending.get(name) ?? { ...place, parents: [] }
      pending.parents.push({ ...place, name: this.#group })
      this.#pending.set(name, pending)
    }
  }

  #variable(text: string, column: number): void {
    const at = text.indexOf('=')
    if (at === -1) {
      this.#problem(column, `[${this.#group}:vars] has variables, each on its own line as "name=value"`)
      return
    }
    const [name, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()]
    const offset = text.slice(at + 1).length - text.slice(at + 1).trimStart().length
    const vars = this.#values([{ name, text: value, column, valueColumn: column + at + 1 + offset }], 'inventory group')
    this.#add(column, this.#group, { vars })
  }

  #host(text: string, column: number): void {
    let words: Word[]
    try {
      words = shlexWords(text)
    } catch (error) {
      this.#problem(column, `${(error as SyntaxError).message}: quote values with spaces, as in name="two words"`)
      return
    }
    const [host, ...assignments] = words
    if (host === undefined) return
    const problem = hostProblem(host.text)
    if (problem !== undefined) {
      this.#problem(column, problem)
      return
    }
    const vars = this.#values(
      assignments.flatMap((word) => this.#assignment(word, column)),
      'inventory host',
    )
    this.#add(column, this.#group, { hosts: { [host.text]: vars } })
  }

  #assignment({ text, column }: Word, offset: number): IniVariable[] {
    const at = text.indexOf('=')
    const place = offset + column - 1
    if (at !== -1)
      return [{ name: text.slice(0, at), text: text.slice(at + 1), column: place, valueColumn: place + at + 1 }]
    this.#problem(place, 'after the host, variables follow as name=value: put each host on its own line')
    return []
  }

  #values(variables: readonly IniVariable[], place: 'inventory group' | 'inventory host'): Record<string, unknown> {
    const { vars, problems } = iniVariables(variables, place, (variable) => this.#value(variable))
    for (const { column, message } of problems) this.#problem(column, message)
    return vars
  }

  #value({ text, valueColumn }: IniVariable): { readonly value: unknown } | { readonly problem: string } {
    const literal = readLiteral(text)
    if ('problem' in literal) return literal
    return { value: this.#withTemplates(literal.value, `${this.#path}:${this.#line}:${valueColumn}`) }
  }

  /** Texts with expressions, and secrets, as templates. */
  #withTemplates(value: unknown, position: string): unknown {
    const isConfidential = this.#isConfidential
    if (typeof value === 'string')
      return isConfidential || hasTemplate(value) ? new TemplateText(value, position, { isConfidential }) : value
    if (Array.isArray(value)) return value.map((item) => this.#withTemplates(item, position))
    if (typeof value !== 'object' || value === null) return isConfidential ? concealed(value) : value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#withTemplates(item, position)]))
  }
}

/** Ansible takes a colon at the end for a missing port, and "---" for YAML. */
function hostProblem(name: string): string | undefined {
  if (name.endsWith(':')) return 'a host cannot end with a colon: if this file is YAML, let its name end with .yaml'
  return name === '---' ? 'this line is YAML: let the name of the file end with .yaml' : hostNameProblem(name)
}
