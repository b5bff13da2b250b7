import type { z } from 'zod'
import { readYaml } from './document.ts'
import type { Issue, Source } from './document.ts'
import { InventoryError } from './errors.ts'
import type { Problem } from './errors.ts'
import { collect } from './groups.ts'
import type { Graph } from './groups.ts'
import type { Inventory } from './inventory.ts'
import { resolveInventory } from './precedence.ts'
import { inventoryFile, toIssues, varsFile } from './schema.ts'
import type { Vars } from './variables.ts'

/** A file of `group_vars/` or `host_vars/`. */
export interface VarsSource extends Source {
  /** The group or host that it is for. */
  readonly name: string
}

/** The texts an inventory is made of. Of two vars files for one name the later is the stronger. */
export interface InventorySources {
  readonly main: Source
  readonly groupVars?: readonly VarsSource[]
  readonly hostVars?: readonly VarsSource[]
}

/**
 * Reads an inventory out of its texts. Vars files for names that the inventory does not have are not looked at, so that
 * several inventories can share a folder, as in Ansible.
 *
 * @throws {InventoryError} with all problems of the inventory file, or, where it has none, of the vars files.
 */
export function parseInventory({ main, groupVars = [], hostVars = [] }: InventorySources): Inventory {
  const graph = readGraph(main)
  const problems: Problem[] = []
  const groupValues = readVarsFiles(groupVars, (name) => graph.groups.has(name), problems)
  const hostValues = readVarsFiles(hostVars, (name) => graph.hosts.has(name), problems)
  if (problems.length > 0) throw new InventoryError(problems)
  return resolveInventory(graph, groupValues, hostValues)
}

function readGraph(main: Source): Graph {
  const { value, problems, report } = readAs(main, inventoryFile)
  if (value === undefined) throw new InventoryError(problems)
  const { graph, issues } = collect(value)
  if (issues.length > 0) throw new InventoryError(report(issues))
  return graph
}

function readVarsFiles(files: readonly VarsSource[], isKnown: (name: string) => boolean, problems: Problem[]) {
  const values = new Map<string, Vars[]>()
  for (const file of files.filter(({ name }) => isKnown(name))) {
    const read = readAs(file, varsFile)
    problems.push(...read.problems)
    values.set(file.name, [...(values.get(file.name) ?? []), read.value ?? {}])
  }
  return values
}

interface Read<T> {
  /** Undefined where there are problems. */
  readonly value: T | undefined
  readonly problems: readonly Problem[]
  /** Finds the lines of what a later step finds wrong. */
  report(issues: readonly Issue[]): Problem[]
}

function readAs<S extends z.ZodType>(source: Source, schema: S): Read<z.output<S>> {
  const document = readYaml(source)
  if (!('locate' in document)) return { value: undefined, problems: inOrder(document), report: () => [] }
  const report = (issues: readonly Issue[]) => inOrder(issues.map((issue) => document.locate(issue)))
  const result = schema.safeParse(document.data)
  return result.success
    ? { value: result.data, problems: [], report }
    : { value: undefined, problems: report(toIssues(result.error)), report }
}

const inOrder = (problems: readonly Problem[]) => problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
