import type { RunEvent } from '../run/events.ts'
import type { OpenSpool } from '../run/output.ts'
import type { RunFolder } from './folder.ts'
import { journal } from './journal.ts'
import { outputFiles } from './output.ts'
import { Redactor } from './redact.ts'
import { SummaryFold, type Summary } from './summary.ts'

/** All that is kept of a run while it goes on. */
export interface Record {
  /**
   * Masks the secrets of an event and keeps it.
   *
   * @returns the event as everyone else may see it.
   * @throws {EvidenceError} when it cannot be kept.
   */
  take(event: RunEvent): RunEvent
  /** Masks secrets in other text that is to be seen. */
  mask(text: string): string
  /** Takes outputs that are too long for the journal. */
  readonly output: OpenSpool
  /** What the run came to so far. */
  summary(): Summary
  /** @throws {EvidenceError} when not all could be kept. */
  close(): void
}

/** @throws {EvidenceError} when the journal cannot be opened. */
export function openRecord(folder: RunFolder): Record {
  const redactor = new Redactor()
  const { write, close } = journal(folder)
  const fold = new SummaryFold()
  return {
    take(event) {
      let json = JSON.stringify(event)
      let safe = event
      if (redactor.maySee(json)) {
        safe = redactor.event(event)
        if (safe !== event) json = JSON.stringify(safe)
      }
      write(safe, json)
      fold.add(safe)
      return safe
    },
    mask: (text) => redactor.text(text),
    output: outputFiles(folder, redactor),
    summary: () => fold.summary(),
    close,
  }
}
