import type { z } from 'zod'
import { parseYaml } from './yaml-document.ts'
import type { SourceText } from './source-text.ts'
import type { Path, YamlIssue } from './yaml-document.ts'
import { InventoryError } from './errors.ts'
import type { InventoryProblem } from './errors.ts'
import { buildGraph } from './groups.ts'
import type { InventoryGraph } from './groups.ts'
import { parseIni, type ParsedInventory } from './ini-inventory.ts'
import { parseHostList } from './host-list.ts'
import type { Inventory } from './inventory.ts'
import type { InventorySource } from './inventory-sources.ts'
import { LOCALHOST, resolveInventory } from './precedence.ts'
import { parseScript } from './script-inventory.ts'
import { type GroupEntry, inventorySchema, toIssues, varsFileSchema } from './schema.ts'
import type { Vars } from './variables.ts'
import { plainSource, type Vault, vaultProblems } from './vault-text.ts'

/** A file of `group_vars/` or `host_vars/`. */
export interface VarsSource extends SourceText {
  /** The group or host it applies to. */
  readonly name: string
}

/** The vars files of one directory. Of several files for one name, later ones override earlier ones. */
export interface VarsDirectory {
  readonly groupVars: readonly VarsSource[]
  readonly hostVars: readonly VarsSource[]
  /** The directory is next to the playbook, not next to an inventory file. */
  readonly besidePlaybook?: boolean
}

/** The files of an inventory. */
export interface InventorySources {
  /** The inventory, or several, in the order of the command line: later ones override earlier ones. */
  readonly main: SourceText | readonly InventorySource[]
  /** In the order of the inventory files; later ones override earlier ones. */
  readonly vars?: readonly VarsDirectory[]
  /** Decrypts what is encrypted with Ansible Vault. */
  readonly vault?: Vault | undefined
}

/**
 * Parses an inventory. Vars files for names that are not in the inventory are ignored, so that several inventories can
 * share a directory, as in Ansible.
 *
 * @throws {InventoryError} with all problems of the inventory files, or, if they have none, of the vars files.
 */
export function parseInventory({ main, vars = [], vault }: InventorySources): Inventory {
  const graph = parseGraph('path' in main ? [main] : main, vault)
  const problems: InventoryProblem[] = []
  const isHost = (name: string): boolean => graph.hosts.has(name) || name === LOCALHOST
  const directories = vars.map(({ groupVars, hostVars, besidePlaybook = false }) => ({
    groups: parseVarsFiles(groupVars, (name) => graph.groups.has(name), problems, vault),
    hosts: parseVarsFiles(hostVars, isHost, problems, vault),
    besidePlaybook,
  }))
  if (vault !== undefined) problems.push(...vaultProblems(vault))
  if (problems.length > 0) throw new InventoryError(problems)
  return resolveInventory(graph, directories)
}

/**
 * Parses variables outside an inventory (`--extra-vars`) by the rules of vars files.
 *
 * @returns null for a text without content.
 * @throws {InventoryError} with all problems.
 */
export function parseVars(source: SourceText, vault?: Vault): Vars | null {
  const { value, problems } = parseFile(source, varsFileSchema, vault)
  if (value === undefined) throw new InventoryError(problems)
  return value
}

/**
 * Validates variables that are not from a file, by the same rules.
 *
 * @throws {InventoryError} with all problems, at `path`.
 */
export function checkVars(path: string, vars: Vars): Vars {
  const result = varsFileSchema.safeParse(vars)
  if (result.success) return result.data ?? {}
  throw new InventoryError(toIssues(result.error).map(({ message }) => ({ path, line: 0, column: 0, message })))
}

function parseGraph(sources: readonly InventorySource[], vault: Vault | undefined): InventoryGraph {
  const files: ParsedInventory[] = []
  const known = new Set<string>()
  for (const source of sources) {
    const file = parseMain(source, known, vault)
    for (const { name, entry } of file.entries) addNames(name, entry, known)
    files.push(file)
  }
  const problems = files.flatMap((file) => file.problems)
  if (problems.length > 0) throw new InventoryError(problems)
  const { graph, issues } = buildGraph(files)
  const located = files.flatMap(({ report }, i) => report(issues.filter(({ file }) => file === i)))
  if (located.length > 0) throw new InventoryError(located)
  return graph
}

function addNames(name: string, entry: GroupEntry | null, names: Set<string>): void {
  names.add(name)
  for (const [child, childEntry] of Object.entries(entry?.children ?? {})) addNames(child, childEntry, names)
}

/** The names of files that Ansible reads as YAML, if they contain a mapping; else as INI, as all others. */
const YAML_FILE = /(?:^|\/)[^/.]*$|(?:^|\/)\.[^/.]*$|\.(?:ya?ml|json)$/

/** @param known - the groups of the inventories before this one. */
function parseMain(given: InventorySource, known: ReadonlySet<string>, vault: Vault | undefined): ParsedInventory {
  if ('hostList' in given) return parseHostList(given.hostList)
  if ('list' in given) return parseScript(given, vault)
  const source = plainSource(given, vault)
  if ('message' in source) return { entries: [], problems: [source], report: () => [] }
  const { path, text } = source
  if (path.endsWith('.toml')) return failed(path, 'TOML inventories are not supported: convert it to YAML or INI')
  // A mapping in YAML cannot begin like this.
  if (!YAML_FILE.test(path) || startsWithSection(text)) return parseIni(source, known)
  const { value, problems, report, isNumber, isMapping, plugin } = parseFile(source, inventorySchema, vault)
  if (!isMapping || problems.length > 0) {
    const ini = parseIni(source, known)
    const isIni = ini.problems.length === 0 && ini.entries.length > 0
    if (!isMapping && (isIni || SECTION_LINE.test(text))) return ini
    if (isMapping && isIni) return failed(path, COLON)
  }
  if (plugin !== undefined) return failed(path, `this file is for the inventory plugin "${plugin}", ${PLUGIN}`)
  const entries = Object.entries(value ?? {}).map(([name, entry]) => ({ name, entry, path: [name] }))
  return { entries, problems, report, isNumber }
}

const PLUGIN =
  'which is not supported: save its hosts with "ansible-inventory -i FILE --list --yaml --output hosts.yaml", ' +
  'or use an executable that runs "ansible-inventory -i FILE --list"'

const failed = (path: string, message: string): ParsedInventory => {
  const problems = [{ path, line: 0, column: 0, message }]
  return { entries: [], problems, report: () => [] }
}

const COLON = 'Ansible reads this file as YAML, because of ": " in it: let its name end with .ini'

const SECTION_LINE = /^\s*\[.*\]\s*(?:#.*)?$/m

const startsWithSection = (text: string): boolean => SECTION_LINE.test(/^(?!\s*(?:[#;]|$)).*$/m.exec(text)?.[0] ?? '')

function parseVarsFiles(
  files: readonly VarsSource[],
  isKnown: (name: string) => boolean,
  problems: InventoryProblem[],
  vault: Vault | undefined,
) {
  const values = new Map<string, Vars[]>()
  for (const file of files.filter(({ name }) => isKnown(name))) {
    const parsed = parseFile(file, varsFileSchema, vault)
    problems.push(...parsed.problems)
    values.set(file.name, [...(values.get(file.name) ?? []), parsed.value ?? {}])
  }
  return values
}

interface ParsedFile<T> {
  /** Undefined if there are problems. */
  readonly value: T | undefined
  readonly problems: readonly InventoryProblem[]
  /** Locates issues that a later step finds. */
  readonly report: (issues: readonly YamlIssue[]) => InventoryProblem[]
  readonly isNumber: (path: Path) => boolean
  /** The file is YAML, with a mapping. */
  readonly isMapping: boolean
  /** The inventory plugin that the file is for. */
  readonly plugin?: string
}

function parseFile<S extends z.ZodType>(
  source: SourceText,
  schema: S,
  vault: Vault | undefined,
): ParsedFile<z.output<S>> {
  const document = parseYaml(source, vault)
  if (!('locate' in document)) {
    const isMapping = document.every(({ isSyntax }) => isSyntax !== true)
    return { value: undefined, problems: byPosition(document), report: () => [], isNumber: () => false, isMapping }
  }
  const { data } = document
  const isMapping = typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype
  const isNumber = (path: Path): boolean => document.isNumber(path)
  const plugin = isMapping ? (data as Readonly<Record<string, unknown>>)['plugin'] : undefined
  const more = { isNumber, isMapping, ...(typeof plugin === 'string' ? { plugin } : {}) }
  const report = (issues: readonly YamlIssue[]) => byPosition(issues.map((issue) => document.locate(issue)))
  // Without code that is generated for the schema: a start validates once.
  const result = schema.safeParse(data, { jitless: true })
  return result.success
    ? { value: result.data, problems: [], report, ...more }
    : { value: undefined, problems: report(toIssues(result.error)), report, ...more }
}

const byPosition = (problems: readonly InventoryProblem[]) =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
