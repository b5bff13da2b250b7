import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { SavedFile } from '../modules/module.ts'

/** Replaces a file of the controller atomically, and creates its directory. @returns why not, if it failed. */
export async function saveFile(file: string, { content, isPrivate }: SavedFile): Promise<string | undefined> {
  const written = `${file}.${randomUUID()}`
  try {
    await mkdir(path.dirname(file), { recursive: true })
    const mode = isPrivate ? 0o600 : await modeOf(file)
    await writeFile(written, content, { flag: 'wx', mode: isPrivate ? 0o600 : 0o666 })
    if (mode !== undefined) await chmod(written, mode)
    await rename(written, file)
    return undefined
  } catch (error) {
    await rm(written, { force: true }).catch(() => undefined)
    const { code, message } = error as NodeJS.ErrnoException
    return `cannot write "${file}" on the controller: ${code ?? message}`
  }
}

const modeOf = (file: string): Promise<number | undefined> =>
  stat(file).then(
    ({ mode }) => mode & 0o777,
    () => undefined,
  )
