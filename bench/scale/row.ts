import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ScaleRow } from '../results.ts'

/** Seconds since some moment, to a fraction of a microsecond. */
export const seconds = (): number => Number(process.hrtime.bigint()) / 1e9
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
/** The most memory that this process has had, in bytes. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024

/** What a script of this folder is: it measures one thing, in a folder that is removed, and prints its row as JSON. */
export async function printRow(measure: (folder: string) => Promise<ScaleRow> | ScaleRow): Promise<void> {
  const folder = mkdtempSync(path.join(process.env['LABBOOK_BENCH_FOLDER'] ?? tmpdir(), 'labbook-scale-'))
  try {
    process.stdout.write(`${JSON.stringify(await measure(folder))}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
