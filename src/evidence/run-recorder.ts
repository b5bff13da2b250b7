import type { RunEvent } from '../events/events.ts'
import type { OpenOverflowFile } from '../execution/captured-output.ts'
import type { RunDirectory } from './run-directory.ts'
import type { ChainEnd } from './manifest.ts'
import { openEventLog } from './event-log.ts'
import { LiveOutput, type LiveOutputOptions } from './live-output.ts'
import { openOutputFiles } from './output-files.ts'
import { Redactor } from './redactor.ts'
import { SummaryFold, type Summary } from './summary.ts'

/** Records a run: event log, output files and summary. */
export interface RunRecorder {
  /**
   * Masks the secrets in an event and records it.
   *
   * @returns the masked event.
   * @throws {EvidenceError} it cannot be written.
   */
  record(event: RunEvent): RunEvent
  /** Masks secrets in other text. */
  mask(text: string): string
  /** Receives outputs that are too long for the event log. */
  readonly output: OpenOverflowFile
  /** Masks the output of a running task, which is not recorded: its result is. */
  live(options: LiveOutputOptions): LiveOutput
  /** The summary of the run so far. */
  summary(): Summary
  /** @throws {EvidenceError} an event could not be written. */
  close(): void
  /** The last line of the event log so far. */
  end(): ChainEnd
}

/** @throws {EvidenceError} the event log cannot be opened. */
export function openRecorder(folder: RunDirectory): RunRecorder {
  const redactor = new Redactor()
  const { write, close, end } = openEventLog(folder)
  const summaryBuilder = new SummaryFold()
  return {
    record(event) {
      let json = JSON.stringify(event)
      let masked = event
      if (redactor.mayContainSecret(json)) {
        masked = redactor.maskEvent(event)
        if (masked !== event) json = JSON.stringify(masked)
      }
      write(masked, json)
      summaryBuilder.add(masked)
      return masked
    },
    mask: (text) => redactor.maskText(text),
    output: openOutputFiles(folder, redactor),
    live: (options) => new LiveOutput(redactor, options),
    summary: () => summaryBuilder.summary(),
    close,
    end,
  }
}
