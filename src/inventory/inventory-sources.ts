import { execFile } from 'node:child_process'
import { access, constants, open, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { InventoryError } from './errors.ts'
import { decodeUtf8, fileError, unreadable } from './file-text.ts'
import { hostsWithoutVars, type ScriptOutput } from './script-inventory.ts'
import type { SourceText } from './source-text.ts'

/** One inventory: a file, the output of a script, or the list of hosts of `-i a,b,`. */
export type InventorySource = SourceText | ScriptOutput | { readonly hostList: string }

/** The inventories of an argument of `-i`. */
export interface SourceGroup {
  readonly sources: readonly InventorySource[]
  /** Where `group_vars/` and `host_vars/` of the argument are; undefined for a list of hosts. */
  readonly directory: string | undefined
}

/** Files of a directory that Ansible ignores: INVENTORY_IGNORE_EXTS and others. */
const IGNORED =
  /^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$/

/**
 * Reads an argument of `-i`: a file, a directory whose files are read in alphabetical order, an executable that prints
 * JSON, or a list of hosts with a comma.
 *
 * @throws {InventoryError} it is missing, not readable, or a script that fails.
 */
export async function readInventorySource(argument: string): Promise<SourceGroup> {
  if (isHostList(argument) && !(await exists(argument))) {
    return { sources: [{ hostList: argument }], directory: undefined }
  }
  if (!(await statOf(argument)).isDirectory())
    return { sources: [await readMain(argument)], directory: dirname(argument) }
  const sources = await readDirectory(argument)
  if (sources.length === 0) throw fileError(argument, 'this directory has no inventory: specify another with "-i PATH"')
  return { sources, directory: argument }
}

/** Whether an argument of `-i` is a list of hosts, if no file has that name. */
export const isHostList = (argument: string): boolean => argument.includes(',')

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error)
    throw fileError(
      path,
      'inventory file not found: specify one with "-i PATH"; inventory.yaml in the project directory is an example',
    )
  }
}

async function readDirectory(directory: string): Promise<InventorySource[]> {
  const names = (await readdir(directory)).filter((name) => !IGNORED.test(name)).sort()
  const sources: InventorySource[] = []
  for (const name of names) {
    const path = join(directory, name)
    if ((await statOf(path)).isDirectory()) sources.push(...(await readDirectory(path)))
    else sources.push(await readMain(path))
  }
  return sources
}

async function readMain(path: string): Promise<InventorySource> {
  if (await isProgram(path)) return await runScript(path)
  try {
    return { path, text: decodeUtf8(path, await readFile(path)) }
  } catch (error) {
    throw error instanceof InventoryError ? error : unreadable(path, error)
  }
}

/** As the kernel decides: an executable file of text is no program, though a shell would run it. */
async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
  } catch {
    return false
  }
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const start = buffer.toString('latin1', 0, bytesRead)
    return start.startsWith('#!') || start === '\u007FELF'
  } finally {
    await file.close()
  }
}

async function runScript(path: string): Promise<ScriptOutput> {
  const list = await outputOf(path, ['--list'])
  const hosts = new Map<string, SourceText>()
  for (const name of hostsWithoutVars(list)) hosts.set(name, await outputOf(path, ['--host', name]))
  return { list, hosts }
}

async function outputOf(path: string, args: readonly string[]): Promise<SourceText> {
  const command = [path, ...args].join(' ')
  try {
    const { stdout } = await promisify(execFile)(resolve(path), args, { encoding: 'buffer', maxBuffer: 1 << 30 })
    return { path: command, text: decodeUtf8(command, stdout) }
  } catch (error) {
    if (error instanceof InventoryError) throw error
    const { code, signal, stderr } = error as { code?: number | string; signal?: string; stderr?: Buffer }
    const reason = typeof code === 'number' ? `exit code ${code}` : (signal ?? code ?? 'it cannot be started')
    const said = stderr?.toString('utf8').trim().split('\n').at(-1) ?? ''
    throw fileError(
      path,
      `this executable inventory failed with --${args[0]?.slice(2)}: ${reason}${said === '' ? '' : `: ${said}`}`,
    )
  }
}
