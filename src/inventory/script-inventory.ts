import * as z from 'zod'
import type { InventoryProblem } from './errors.ts'
import type { InventoryEntry } from './groups.ts'
import type { ParsedInventory } from './ini-inventory.ts'
import { groupNameProblem, hostNameProblem, toIssues } from './schema.ts'
import { variablesSchema } from './variables.ts'
import type { Vault } from './vault-text.ts'
import type { SourceText } from './source-text.ts'
import { parseYaml, type Path, type YamlDocument, type YamlIssue } from './yaml-document.ts'

/** What an executable inventory has printed. */
export interface ScriptOutput {
  /** Of `--list`. */
  readonly list: SourceText
  /** Of `--host NAME`, for scripts without `_meta.hostvars`, by host. */
  readonly hosts?: ReadonlyMap<string, SourceText>
}

/** The hosts of `--list` whose variables `--host` prints: all if there is no `_meta`. Empty if it is not valid. */
export function hostsWithoutVars(list: SourceText): string[] {
  const document = parseJson(list)
  if (!('locate' in document)) return []
  const { data } = document
  if (!isMapping(data) || (isMapping(data['_meta']) && data['_meta']['hostvars'] !== undefined)) return []
  const groups = Object.entries(data).filter(([name]) => name !== '_meta')
  return [...new Set(groups.flatMap(([name, group]) => hostsOf(name, group)))]
}

/** Parses the output of an executable inventory as Ansible's plugin "script" does. */
export function parseScript({ list, hosts }: ScriptOutput, vault?: Vault): ParsedInventory {
  const document = parseJson(list, vault)
  if (!('locate' in document)) return { entries: [], problems: document, report: () => [] }
  const reader = new ScriptReader(document)
  reader.read()
  const outputs = [...(hosts ?? [])].flatMap(([name, output]) => (output.text.trim() === '' ? [] : [{ name, output }]))
  const own = outputs.map(({ name, output }) => parseHost(name, output, vault))
  return {
    entries: [...reader.entries, ...own.flatMap(({ entries }) => entries)],
    problems: [...reader.problems, ...own.flatMap(({ problems }) => problems)],
    report: (issues) => issues.map((issue) => document.locate(issue)),
  }
}

function parseJson(source: SourceText, vault?: Vault): YamlDocument | readonly InventoryProblem[] {
  const document = parseYaml(source, vault)
  if (!('locate' in document) || (document.isJson && isMapping(document.data))) return document
  return [{ path: source.path, line: 1, column: 1, message: 'the script must print a JSON object' }]
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** A group that is a list has these hosts; one without `hosts`, `vars` and `children` is a host, and its variables. */
function hostsOf(name: string, group: unknown): string[] {
  const hosts = isMapping(group) ? (isGroup(group) ? group['hosts'] : [name]) : group
  return Array.isArray(hosts) ? hosts.filter((host) => typeof host === 'string') : []
}

const isGroup = (group: Readonly<Record<string, unknown>>): boolean =>
  ['hosts', 'vars', 'children'].some((key) => group[key] !== undefined)

/** Built when first used: most inventories have no scripts. */
const schemas = (): Schemas =>
  (built ??= { group: variablesSchema('inventory group'), host: variablesSchema('inventory host') })

type Schemas = Readonly<Record<'group' | 'host', ReturnType<typeof variablesSchema>>>
let built: Schemas | undefined

class ScriptReader {
  readonly entries: InventoryEntry[] = []
  readonly problems: InventoryProblem[] = []
  readonly #document: YamlDocument
  readonly #hosts = new Set<string>()

  constructor(document: YamlDocument) {
    this.#document = document
  }

  read(): void {
    const data = this.#document.data as Readonly<Record<string, unknown>>
    for (const [name, group] of Object.entries(data)) if (name !== '_meta') this.#group(name, group)
    const meta = data['_meta']
    const vars = isMapping(meta) ? meta['hostvars'] : undefined
    if (vars === undefined && (meta === undefined || isMapping(meta))) return
    if (!isMapping(vars)) this.#problem(['_meta'], 'value', '"_meta" must have "hostvars", an object by host')
    else for (const name of this.#hosts) this.#variables(name, vars[name], ['_meta', 'hostvars', name])
  }

  #problem(path: Path, at: YamlIssue['at'], message: string): void {
    this.problems.push(this.#document.locate({ path, at, message }))
  }

  #group(name: string, data: unknown): void {
    const problem = groupNameProblem(name)
    if (problem !== undefined) this.#problem([name], 'key', problem)
    this.#add(name, null, [name])
    const group = isMapping(data) ? (isGroup(data) ? data : { hosts: [name], vars: data }) : { hosts: data }
    const place = (section: string): Path => (isMapping(data) && isGroup(data) ? [name, section] : [name])
    const [hosts, vars, children] = [group['hosts'], group['vars'], group['children']]
    if (hosts !== undefined) this.#names(hosts, place('hosts'), (host, path) => this.#host(name, host, path))
    if (vars !== undefined) {
      const result = schemas().group.safeParse(vars)
      if (result.success) this.#add(name, { vars: result.data }, place('vars'))
      else this.#issues(result.error, place('vars'))
    }
    if (children === undefined) return
    this.#names(children, place('children'), (child, path) => {
      const invalid = groupNameProblem(child)
      if (invalid === undefined) this.#add(name, { children: { [child]: null } }, path)
      else this.#problem(path, 'value', invalid)
    })
  }

  #names(list: unknown, path: Path, add: (name: string, path: Path) => void): void {
    if (!Array.isArray(list)) this.#problem(path, 'value', 'this must be a list of names')
    else
      list.forEach((name: unknown, i) => {
        if (typeof name === 'string') add(name, [...path, i])
        else this.#problem([...path, i], 'value', 'a name must be text')
      })
  }

  /** Scripts print hosts one by one: brackets and colons would be part of the name. */
  #host(group: string, name: string, path: Path): void {
    const problem = /[[\]]|^[^:]*:\d+$/.test(name)
      ? 'a script prints single hosts, without ranges and ports'
      : hostNameProblem(name)
    if (problem !== undefined) {
      this.#problem(path, 'value', problem)
      return
    }
    this.#hosts.add(name)
    this.#add(group, { hosts: { [name]: null } }, path)
  }

  #variables(name: string, vars: unknown, path: Path): void {
    if (vars === undefined) return
    const result = schemas().host.safeParse(vars)
    if (result.success) this.entries.push(entryOfHost(name, result.data, path))
    else this.#issues(result.error, path)
  }

  #issues(error: z.ZodError, path: Path): void {
    for (const issue of toIssues(error)) this.#problem([...path, ...issue.path], issue.at, issue.message)
  }

  #add(name: string, entry: InventoryEntry['entry'], path: Path): void {
    this.entries.push({ name, entry, path })
  }
}

/** All hosts are in `all`, which says nothing about their groups. */
const entryOfHost = (name: string, vars: Readonly<Record<string, unknown>>, path: Path): InventoryEntry => ({
  name: 'all',
  entry: { hosts: { [name]: vars } },
  path,
})

function parseHost(
  name: string,
  output: SourceText,
  vault: Vault | undefined,
): Pick<ParsedInventory, 'entries' | 'problems'> {
  const document = parseJson(output, vault)
  if (!('locate' in document)) return { entries: [], problems: document }
  const result = schemas().host.safeParse(document.data)
  if (result.success) return { entries: [entryOfHost(name, result.data, [])], problems: [] }
  return { entries: [], problems: toIssues(result.error).map((issue) => document.locate(issue)) }
}
