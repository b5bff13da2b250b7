import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { RunEvent } from '../events/events.ts'
import { readEventLog } from './read-event-log.ts'
import { SummaryFold, type Summary } from './summary.ts'

/**
 * The summary of a run in its directory. Of a run that has not ended, such as the one that asks, it is made from the
 * event log. Undefined if neither can be read.
 */
export function storedSummary(directory: string): Summary | undefined {
  try {
    const stored = JSON.parse(readFileSync(path.join(directory, 'summary.json'), 'utf8')) as Summary
    // Older versions did not record plays.
    return Object.assign({ plays: [] }, stored)
  } catch {
    const fold = new SummaryFold()
    for (const event of storedEvents(directory)) fold.add(event)
    const summary = fold.summary()
    return summary.startedAt === '' ? undefined : summary
  }
}

/** The events of a run, as far as they can be read. */
export function* storedEvents(directory: string): Generator<RunEvent> {
  try {
    yield* readEventLog(path.join(directory, 'events.jsonl'))
  } catch {
    // Of another version, or not a run.
  }
}
