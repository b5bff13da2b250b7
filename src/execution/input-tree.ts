import type { Stats } from 'node:fs'
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import path from 'node:path'
import type { TreeEntry } from '../modules/module.ts'

/** Entries that are listed: each is a part of the probe. */
const MAX_ENTRIES = 2000

/**
 * The entries of a file or directory, sorted: a directory comes before what is in it. As in Ansible, a link that leads
 * nowhere, or to a directory above it, stays a link. A file's entry has the mode of what it leads to.
 *
 * @throws {Error} with a code, if an entry cannot be read or is not a file, directory or link.
 */
export async function readTreeEntries(root: string, followLinks: boolean): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  const top = await stat(root)
  if (!top.isDirectory()) return [{ path: '', kind: 'file', mode: bitsOf(top) }]
  if (!followLinks && (await lstat(root.replace(/\/+$/, ''))).isSymbolicLink())
    throw new Error('it is a link to a directory: name the directory, or leave local_follow out')

  const list = async (directory: string, name: string, above: ReadonlySet<string>): Promise<void> => {
    for (const child of (await readdir(directory)).sort()) {
      const at = path.join(directory, child)
      const entry = path.posix.join(name, child)
      const found = await lstat(at)
      const target = found.isSymbolicLink() ? await statIfThere(at) : found
      if (entries.length >= MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`)
      if (found.isSymbolicLink() && (!followLinks || target === undefined || above.has(idOf(target))))
        entries.push({ path: entry, kind: 'link', mode: 0o777, target: await readlink(at) })
      else if (target?.isDirectory() === true) {
        entries.push({ path: entry, kind: 'directory', mode: bitsOf(target) })
        await list(at, entry, new Set([...above, idOf(target)]))
      } else if (target?.isFile() === true) entries.push({ path: entry, kind: 'file', mode: bitsOf(target) })
      else throw new Error(`"${at}" is a device, socket or pipe`)
    }
  }
  entries.push({ path: '', kind: 'directory', mode: bitsOf(top) })
  await list(root, '', new Set([idOf(top)]))
  return entries
}

const bitsOf = ({ mode }: Stats): number => mode & 0o7777
const idOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`

async function statIfThere(at: string): Promise<Stats | undefined> {
  try {
    return await stat(at)
  } catch {
    return undefined
  }
}
