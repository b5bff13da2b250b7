import type { z } from 'zod'
import { parseYaml } from './yaml-document.ts'
import type { YamlDocument, YamlIssue, SourceText } from './yaml-document.ts'
import { InventoryError } from './errors.ts'
import type { InventoryProblem } from './errors.ts'
import { buildGraph } from './groups.ts'
import type { InventoryGraph } from './groups.ts'
import type { Inventory } from './inventory.ts'
import { resolveInventory } from './precedence.ts'
import { inventorySchema, toIssues, varsFileSchema } from './schema.ts'
import type { Vars } from './variables.ts'

/** A file of `group_vars/` or `host_vars/`. */
export interface VarsSource extends SourceText {
  /** The group or host it applies to. */
  readonly name: string
}

/** The files of an inventory. Of several vars files for one name, later ones override earlier ones. */
export interface InventorySources {
  readonly main: SourceText
  readonly groupVars?: readonly VarsSource[]
  readonly hostVars?: readonly VarsSource[]
}

/**
 * Parses an inventory. Vars files for names that are not in the inventory are ignored, so that several inventories can
 * share a directory, as in Ansible.
 *
 * @throws {InventoryError} with all problems of the inventory file, or, if it has none, of the vars files.
 */
export function parseInventory({ main, groupVars = [], hostVars = [] }: InventorySources): Inventory {
  const graph = parseGraph(main)
  const problems: InventoryProblem[] = []
  const groupValues = parseVarsFiles(groupVars, (name) => graph.groups.has(name), problems)
  const hostValues = parseVarsFiles(hostVars, (name) => graph.hosts.has(name), problems)
  if (problems.length > 0) throw new InventoryError(problems)
  return resolveInventory(graph, groupValues, hostValues)
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

function parseGraph(main: SourceText): InventoryGraph {
  const { value, problems, report, isNumber } = parseFile(main, inventorySchema)
  if (value === undefined) throw new InventoryError(problems)
  const { graph, issues } = buildGraph(value, isNumber)
  if (issues.length > 0) throw new InventoryError(report(issues))
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
  readonly isNumber: YamlDocument['isNumber']
}

function parseFile<S extends z.ZodType>(source: SourceText, schema: S): ParsedFile<z.output<S>> {
  const document = parseYaml(source)
  if (!('locate' in document)) {
    return { value: undefined, problems: byPosition(document), report: () => [], isNumber: () => false }
  }
  const { isNumber } = document
  const report = (issues: readonly YamlIssue[]) => byPosition(issues.map((issue) => document.locate(issue)))
  const result = schema.safeParse(document.data)
  return result.success
    ? { value: result.data, problems: [], report, isNumber }
    : { value: undefined, problems: report(toIssues(result.error)), report, isNumber }
}

const byPosition = (problems: readonly InventoryProblem[]) =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
