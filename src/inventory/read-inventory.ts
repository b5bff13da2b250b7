import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, parse, resolve } from 'node:path'
import type { SourceText } from './yaml-document.ts'
import { InventoryError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import { parseInventory } from './parse-inventory.ts'
import type { VarsDirectory, VarsSource } from './parse-inventory.ts'

/** The extensions that Ansible reads, and none. */
const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/** Which files to read. */
export interface InventoryLocation {
  /** The inventory files, in the order of the command line. Errors name them as specified here. */
  readonly files: readonly string[]
  /** The playbook's directory, for its `group_vars/` and `host_vars/`. */
  readonly playbookDirectory?: string
}

/**
 * Reads inventory files and the directories `group_vars/` and `host_vars/` next to them and next to the playbook:
 * `NAME.yml`, `NAME.yaml`, `NAME.json`, or a directory `NAME/` whose files are read in alphabetical order.
 *
 * @throws {InventoryError} a file is missing, not readable or invalid.
 */
export async function readInventory(location: string | InventoryLocation): Promise<Inventory> {
  const { files, playbookDirectory } = typeof location === 'string' ? { files: [location] } : location
  const main = await Promise.all(files.map(async (path) => ({ path, text: await readMain(path) })))
  // Of a directory with several files, the last one determines its place.
  const directories = new Map<string, string>()
  for (const file of files) {
    directories.delete(resolve(dirname(file)))
    directories.set(resolve(dirname(file)), dirname(file))
  }
  const vars = [...directories.values()].map(async (directory) => await readVarsDirectories(directory, false))
  if (playbookDirectory !== undefined && !directories.has(resolve(playbookDirectory)))
    vars.push(readVarsDirectories(playbookDirectory, true))
  return parseInventory({ main, vars: await Promise.all(vars) })
}

async function readVarsDirectories(directory: string, besidePlaybook: boolean): Promise<VarsDirectory> {
  const [groupVars, hostVars] = await Promise.all([
    readVarsDirectory(join(directory, 'group_vars')),
    readVarsDirectory(join(directory, 'host_vars')),
  ])
  return { groupVars, hostVars, besidePlaybook }
}

async function readMain(path: string): Promise<string> {
  const remedy = 'specify one with "-i PATH"; inventory.yaml in the project directory is an example'
  try {
    return decodeUtf8(path, await readFile(path))
  } catch (error) {
    if (error instanceof InventoryError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw fileError(path, `inventory file not found: ${remedy}`)
    if (code === 'EISDIR') throw fileError(path, `inventory is a directory, not a file: ${remedy}`)
    throw unreadable(path, error)
  }
}

const fileError = (path: string, message: string) => new InventoryError([{ path, line: 0, column: 0, message }])

/**
 * The text of a file.
 *
 * @throws {InventoryError} it is not UTF-8: other characters would be replaced.
 */
export function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const before = new TextDecoder('utf-8').decode(bytes).split('\uFFFD', 1)[0] ?? ''
    const line = before.split('\n').length
    const column = before.length - before.lastIndexOf('\n')
    throw new InventoryError([{ path, line, column, message: 'this is not UTF-8: save the file as UTF-8' }])
  }
}

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
    if (!(await stat(path)).isDirectory()) return [{ path, text: decodeUtf8(path, await readFile(path)) }]
  } catch (error) {
    throw error instanceof InventoryError ? error : unreadable(path, error)
  }
  const names = (await list(path)).filter((name) => EXTENSIONS.includes(parse(name).ext))
  return (await Promise.all(names.map((name) => readVars(join(path, name))))).flat()
}
