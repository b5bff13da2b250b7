import type { RunEvent, RunStart } from '../events/events.ts'
import { logLines } from './manifest.ts'
import { EvidenceError } from './run-directory.ts'
import type { RunFiles } from './run-files.ts'
import { SummaryFold, type Summary } from './summary.ts'

/** The first event of a run and its summary, from its directory or bundle. @throws {EvidenceError} it has no start. */
export function startAndSummary(files: RunFiles): { readonly start: RunStart; readonly summary: Summary } {
  const fold = new SummaryFold()
  let start: RunStart | undefined
  for (const { bytes, complete } of logLines(files)) {
    if (!complete) break
    const event = JSON.parse(bytes.toString()) as RunEvent
    if (event.type === 'run_start') start ??= event
    fold.add(event)
  }
  if (start === undefined) throw new EvidenceError('the event log does not contain the start of a run')
  return { start, summary: fold.summary() }
}
