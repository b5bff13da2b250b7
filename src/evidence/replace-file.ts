import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { PRIVATE_FILE } from './run-directory.ts'

/*
 * Replaces files atomically: a reader never gets half of one. Only its owner can read it. Not synced to disk, which
 * costs more than rendering: a report can be rendered again from the event log.
 *
 * Written here, as the package for it (write-file-atomic) loads worker threads: 10 ms of CPU, or 3 % of a short run.
 */
const OPTIONS = { mode: PRIVATE_FILE, flag: 'wx' } as const

const temporary = (file: string): string => `${file}.${randomUUID()}`

/** @throws {Error} of the file system. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const written = temporary(file)
  try {
    await writeFile(written, text, OPTIONS)
    await rename(written, file)
  } catch (error) {
    await rm(written, { force: true })
    throw error
  }
}

/** The same, synchronously. */
export function replaceFileSync(file: string, content: string | Uint8Array): void {
  const written = temporary(file)
  try {
    writeFileSync(written, content, OPTIONS)
    renameSync(written, file)
  } catch (error) {
    rmSync(written, { force: true })
    throw error
  }
}
