import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { SourceText } from './yaml-document.ts'
import { InventoryError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import { parseInventory } from './parse-inventory.ts'
import type { VarsSource } from './parse-inventory.ts'

/** The extensions that Ansible reads, and none. */
const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/**
 * Reads an inventory file and the directories `group_vars/` and `host_vars/` next to it: `NAME.yml`, `NAME.yaml`,
 * `NAME.json`, or a directory `NAME/` whose files are read in alphabetical order.
 *
 * @param path - the inventory file; errors name it as specified here
 * @throws {InventoryError} a file is missing, not readable or invalid.
 */
export async function readInventory(path: string): Promise<Inventory> {
  const text = await readMain(path)
  const directory = dirname(path)
  const [groupVars, hostVars] = await Promise.all([
    readVarsDirectory(join(directory, 'group_vars')),
    readVarsDirectory(join(directory, 'host_vars')),
  ])
  return parseInventory({ main: { path, text }, groupVars, hostVars })
}

async function readMain(path: string): Promise<string> {
  const remedy = 'specify one with "-i PATH"; inventory.yaml in the project directory is an example'
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw fileError(path, `inventory file not found: ${remedy}`)
    if (code === 'EISDIR') throw fileError(path, `inventory is a directory, not a file: ${remedy}`)
    throw unreadable(path, error)
  }
}

const fileError = (path: string, message: string) => new InventoryError([{ path, line: 0, column: 0, message }])

const unreadable = (path: string, error: unknown) =>
  fileError(path, `cannot read the file: ${(error as Error).message}`)

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
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }]
  } catch (error) {
    throw unreadable(path, error)
  }
  const names = (await list(path)).filter((name) => EXTENSIONS.includes(parse(name).ext))
  return (await Promise.all(names.map((name) => readVars(join(path, name))))).flat()
}
