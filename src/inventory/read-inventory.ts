import { readdir, readFile, stat } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import type { SourceText } from './source-text.ts'
import { InventoryError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import { decodeUtf8, fileError, unreadable } from './file-text.ts'
import { readInventorySource } from './inventory-sources.ts'
import { parseInventory } from './parse-inventory.ts'
import type { Vault } from './vault-text.ts'
import type { VarsDirectory, VarsSource } from './parse-inventory.ts'

/** The extensions that Ansible reads, and none. */
const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/** Which files to read. */
export interface InventoryLocation {
  /** The arguments of `-i`, in the order of the command line. Errors name them as specified here. */
  readonly files: readonly string[]
  /** The playbook's directory, for its `group_vars/` and `host_vars/`. */
  readonly playbookDirectory?: string
  /** Decrypts what is encrypted with Ansible Vault. */
  readonly vault?: Vault | undefined
}

/**
 * Reads inventories (files, directories, executables, lists of hosts) and the directories `group_vars/` and
 * `host_vars/` next to them and next to the playbook: `NAME.yml`, `NAME.yaml`, `NAME.json`, or a directory `NAME/`
 * whose files are read in alphabetical order.
 *
 * @throws {InventoryError} a file is missing, not readable or invalid.
 */
export async function readInventory(location: string | InventoryLocation): Promise<Inventory> {
  const { files, playbookDirectory, vault }: InventoryLocation =
    typeof location === 'string' ? { files: [location] } : location
  const groups = await Promise.all(files.map(readInventorySource))
  // Of a directory with several files, the last one determines its place.
  const directories = new Map<string, string>()
  for (const { directory } of groups) {
    if (directory === undefined) continue
    directories.delete(resolve(directory))
    directories.set(resolve(directory), directory)
  }
  const vars = [...directories.values()].map(async (directory) => await readVarsDirectories(directory, false))
  if (playbookDirectory !== undefined && !directories.has(resolve(playbookDirectory)))
    vars.push(readVarsDirectories(playbookDirectory, true))
  return parseInventory({ main: groups.flatMap(({ sources }) => sources), vars: await Promise.all(vars), vault })
}

async function readVarsDirectories(directory: string, besidePlaybook: boolean): Promise<VarsDirectory> {
  const [groupVars, hostVars] = await Promise.all([
    readVarsDirectory(join(directory, 'group_vars')),
    readVarsDirectory(join(directory, 'host_vars')),
  ])
  return { groupVars, hostVars, besidePlaybook }
}

async function readVarsDirectory(directory: string): Promise<VarsSource[]> {
  const entries = (await list(directory)).map((file) => ({ file, name: nameOf(file) }))
  const files = new Map<string, string>()
  for (const { file, name } of entries) {
    const other = files.get(name)
    // Ansible silently uses one of them.
    if (other !== undefined) throw fileError(join(directory, file), `${other} exists too: keep one of them`)
    files.set(name, file)
  }
  const read = entries.map(async ({ file, name }) =>
    (await readVars(join(directory, file))).map((source) => ({ ...source, name })),
  )
  return (await Promise.all(read)).flat()
}

/** The sorted names in a directory, without hidden and backup files; empty if it does not exist. */
async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.') && !name.endsWith('~')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(directory, error)
  }
}

/** Host names contain dots: only known extensions are removed. */
const nameOf = (file: string) => (EXTENSIONS.includes(parse(file).ext) ? parse(file).name : file)

/** A vars file, or all vars files of a directory, recursively. */
async function readVars(path: string): Promise<SourceText[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, text: decodeUtf8(path, await readFile(path)) }]
  } catch (error) {
    throw error instanceof InventoryError ? error : unreadable(path, error)
  }
  const names = (await list(path)).filter((name) => EXTENSIONS.includes(parse(name).ext))
  return (await Promise.all(names.map((name) => readVars(join(path, name))))).flat()
}
