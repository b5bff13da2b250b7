import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { Source } from './document.ts'
import { InventoryError } from './errors.ts'
import type { Inventory } from './inventory.ts'
import { parseInventory } from './parse.ts'
import type { VarsSource } from './parse.ts'

/** Those that Ansible looks for; a file without one counts too. */
const EXTENSIONS = ['', '.yml', '.yaml', '.json']

/**
 * Reads an inventory file and the folders `group_vars/` and `host_vars/` beside it: `NAME.yml`, `NAME.yaml`,
 * `NAME.json`, or a folder `NAME/` whose files count in the order of their names.
 *
 * @param path of the inventory file; errors name it as it is given here
 * @throws {InventoryError} a file is missing, cannot be read, or has mistakes in it.
 */
export async function readInventory(path: string): Promise<Inventory> {
  const text = await readMain(path)
  const folder = dirname(path)
  const [groupVars, hostVars] = await Promise.all([
    readVarsFolder(join(folder, 'group_vars')),
    readVarsFolder(join(folder, 'host_vars')),
  ])
  return parseInventory({ main: { path, text }, groupVars, hostVars })
}

async function readMain(path: string): Promise<string> {
  const mend = 'name yours with "-i PATH"; the inventory.yaml that comes with Labbook is an example'
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw wholeFile(path, `there is no such inventory file: ${mend}`)
    if (code === 'EISDIR') throw wholeFile(path, `this is a folder, and an inventory is one file: ${mend}`)
    throw unreadable(path, error)
  }
}

const wholeFile = (path: string, message: string) => new InventoryError([{ path, line: 0, column: 0, message }])

const unreadable = (path: string, error: unknown) => wholeFile(path, `cannot be read: ${(error as Error).message}`)

async function readVarsFolder(folder: string): Promise<VarsSource[]> {
  const entries = (await list(folder)).map((file) => ({ file, name: nameOf(file) }))
  const seen = new Map<string, string>()
  for (const { file, name } of entries) {
    const other = seen.get(name)
    // Ansible takes one of them and says nothing.
    if (other !== undefined) throw wholeFile(join(folder, file), `there is ${other} too: keep one of them`)
    seen.set(name, file)
  }
  const read = entries.map(async ({ file, name }) =>
    (await readVars(join(folder, file))).map((source) => ({ ...source, name })),
  )
  return (await Promise.all(read)).flat()
}

/** The names in a folder, sorted, without hidden files and editors' backups; none where there is no such folder. */
async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.') && !name.endsWith('~')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(folder, error)
  }
}

/** A host's name has dots of its own: only the known extensions are cut off. */
const nameOf = (file: string) => (EXTENSIONS.includes(parse(file).ext) ? parse(file).name : file)

/** A vars file, or those of a folder and the folders in it. */
async function readVars(path: string): Promise<Source[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }]
  } catch (error) {
    throw unreadable(path, error)
  }
  const counted = (await list(path)).filter((name) => EXTENSIONS.includes(parse(name).ext))
  return (await Promise.all(counted.map((name) => readVars(join(path, name))))).flat()
}
