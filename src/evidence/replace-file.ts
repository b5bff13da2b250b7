import { createRequire } from 'node:module'
import { PRIVATE_FILE } from './run-directory.ts'

/*
 * Not synced to disk, which costs more than rendering: a report can be rendered again from the event log. The package
 * is loaded on demand, as it takes 7 ms, which `--help` and the like need not wait for.
 */
const OPTIONS = { fsync: false, mode: PRIVATE_FILE } as const
const require = createRequire(import.meta.url)
const load = () => require('write-file-atomic') as typeof import('write-file-atomic')

/** Replaces a file atomically: a reader never gets half of it. Only its owner can read it. */
export const replaceFile = (file: string, text: string): Promise<void> => load()(file, text, OPTIONS)

/** The same for bytes, synchronously. */
export const replaceFileBytesSync = (file: string, bytes: Uint8Array): void => {
  load().sync(file, Buffer.from(bytes), OPTIONS)
}

/** The same, synchronously. */
export const replaceFileSync = (file: string, text: string): void => {
  load().sync(file, text, OPTIONS)
}
