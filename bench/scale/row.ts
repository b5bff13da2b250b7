import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ScaleRow } from '../results.ts'

/** Monotonic time in seconds. */
export const seconds = (): number => Number(process.hrtime.bigint()) / 1e9
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
/** Peak memory of this process, in bytes. */
export const peakMemory = (): number => process.resourceUsage().maxRSS * 1024

/** Wrapper for the scripts of this directory: measures in a temporary directory and prints the row as JSON. */
export async function printRow(measure: (folder: string) => Promise<ScaleRow> | ScaleRow): Promise<void> {
  const folder = mkdtempSync(path.join(process.env['LABBOOK_BENCH_FOLDER'] ?? tmpdir(), 'labbook-scale-'))
  try {
    process.stdout.write(`${JSON.stringify(await measure(folder))}\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
