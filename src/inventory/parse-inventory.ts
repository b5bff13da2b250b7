import type { z } from 'zod'
import { parseYaml } from './yaml-document.ts'
import type { Path, YamlIssue, SourceText } from './yaml-document.ts'
import { InventoryError } from './errors.ts'
import type { InventoryProblem } from './errors.ts'
import { buildGraph } from './groups.ts'
import type { InventoryGraph } from './groups.ts'
import type { Inventory } from './inventory.ts'
import { LOCALHOST, resolveInventory } from './precedence.ts'
import { inventorySchema, toIssues, varsFileSchema } from './schema.ts'
import type { Vars } from './variables.ts'

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
  /** The inventory file, or several, in the order of the command line: later ones override earlier ones. */
  readonly main: SourceText | readonly SourceText[]
  /** In the order of the inventory files; later ones override earlier ones. */
  readonly vars?: readonly VarsDirectory[]
}

/**
 * Parses an inventory. Vars files for names that are not in the inventory are ignored, so that several inventories can
 * share a directory, as in Ansible.
 *
 * @throws {InventoryError} with all problems of the inventory files, or, if they have none, of the vars files.
 */
export function parseInventory({ main, vars = [] }: InventorySources): Inventory {
  const graph = parseGraph('path' in main ? [main] : main)
  const problems: InventoryProblem[] = []
  const isHost = (name: string): boolean => graph.hosts.has(name) || name === LOCALHOST
  const directories = vars.map(({ groupVars, hostVars, besidePlaybook = false }) => ({
    groups: parseVarsFiles(groupVars, (name) => graph.groups.has(name), problems),
    hosts: parseVarsFiles(hostVars, isHost, problems),
    besidePlaybook,
  }))
  if (problems.length > 0) throw new InventoryError(problems)
  return resolveInventory(graph, directories)
}

/**
 * Parses variables outside an inventory (`--extra-vars`) by the rules of vars files.
 *
 * @returns null for a text without content.
 * @throws {InventoryError} with all problems.
 */
export function parseVars(source: SourceText): Vars | null {
  const { value, problems } = parseFile(source, varsFileSchema)
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

function parseGraph(sources: readonly SourceText[]): InventoryGraph {
  const files = sources.map((source) => parseFile(source, inventorySchema))
  const problems = files.flatMap((file) => file.problems)
  if (problems.length > 0) throw new InventoryError(problems)
  const { graph, issues } = buildGraph(files.map(({ value, isNumber }) => ({ groups: value ?? {}, isNumber })))
  const located = files.flatMap(({ report }, i) => report(issues.filter(({ file }) => file === i)))
  if (located.length > 0) throw new InventoryError(located)
  return graph
}

function parseVarsFiles(
  files: readonly VarsSource[],
  isKnown: (name: string) => boolean,
  problems: InventoryProblem[],
) {
  const values = new Map<string, Vars[]>()
  for (const file of files.filter(({ name }) => isKnown(name))) {
    const parsed = parseFile(file, varsFileSchema)
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
}

function parseFile<S extends z.ZodType>(source: SourceText, schema: S): ParsedFile<z.output<S>> {
  const document = parseYaml(source)
  if (!('locate' in document)) {
    return { value: undefined, problems: byPosition(document), report: () => [], isNumber: () => false }
  }
  const isNumber = (path: Path): boolean => document.isNumber(path)
  const report = (issues: readonly YamlIssue[]) => byPosition(issues.map((issue) => document.locate(issue)))
  const result = schema.safeParse(document.data)
  return result.success
    ? { value: result.data, problems: [], report, isNumber }
    : { value: undefined, problems: report(toIssues(result.error)), report, isNumber }
}

const byPosition = (problems: readonly InventoryProblem[]) =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
