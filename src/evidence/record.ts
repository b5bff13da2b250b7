import type { RunEvent } from '../run/events.ts'
import type { OpenSpool } from '../run/output.ts'
import type { RunFolder } from './folder.ts'
import { journal } from './journal.ts'
import { outputFiles } from './output.ts'
import { Redactor } from './redact.ts'
import { SummaryFold, type Summary } from './summary.ts'

/** Records a run: event log, output files and summary. */
export interface Record {
  /**
   * Masks the secrets in an event and records it.
   *
   * @returns the masked event.
   * @throws {EvidenceError} it cannot be written.
   */
  take(event: RunEvent): RunEvent
  /** Masks secrets in other text. */
  mask(text: string): string
  /** Receives outputs that are too long for the event log. */
  readonly output: OpenSpool
  /** The summary of the run so far. */
  summary(): Summary
  /** @throws {EvidenceError} an event could not be written. */
  close(): void
}

/** @throws {EvidenceError} the event log cannot be opened. */
export function openRecord(folder: RunFolder): Record {
  const redactor = new Redactor()
  const { write, close } = journal(folder)
  const summaryBuilder = new SummaryFold()
  return {
    take(event) {
      let json = JSON.stringify(event)
      let masked = event
      if (redactor.maySee(json)) {
        masked = redactor.event(event)
        if (masked !== event) json = JSON.stringify(masked)
      }
      write(masked, json)
      summaryBuilder.add(masked)
      return masked
    },
    mask: (text) => redactor.text(text),
    output: outputFiles(folder, redactor),
    summary: () => summaryBuilder.summary(),
    close,
  }
}
