import { closeSync, openSync, writeSync } from 'node:fs'
import type { RunEvent } from '../events/events.ts'
import { chainedLine, sha256Hex } from './event-chain.ts'
import { characterStart, truncationMarker } from '../events/truncated-text.ts'
import type { ChainEnd } from './manifest.ts'
import { PRIVATE_FILE, withFileErrors, type EvidenceError, type RunDirectory } from './run-directory.ts'
import { mapStrings } from './map-strings.ts'

/** The maximum size of a text in the event log, in bytes. */
const LIMIT = 1024 * 1024
/** The maximum size of the write buffer. */
const BATCH = 64 * 1024

export interface EventLog {
  /** @param json - the event as JSON, if the caller has it. */
  readonly write: (event: RunEvent, json?: string) => void
  readonly close: () => void
  /** Its last line so far. */
  readonly end: () => ChainEnd
}

/**
 * Opens the event log of a run for writing, one event a line. The events of one event loop iteration are written in one
 * system call at its end, so a killed run loses none of the earlier ones. Texts over 1 MiB keep their head and tail.
 * Secrets must have been masked before.
 *
 * @throws {EvidenceError} the file cannot be opened. After a write error (disk full) each `write` throws it, and
 *   `close`.
 */
export function openEventLog(folder: Pick<RunDirectory, 'events'>): EventLog {
  const fd = withFileErrors(`cannot open event log ${folder.events}`, () => openSync(folder.events, 'a', PRIVATE_FILE))
  let lines = ''
  let [count, previous]: [number, string | undefined] = [0, undefined]
  let open = true
  let scheduled: NodeJS.Immediate | undefined
  let failure: EvidenceError | undefined

  const flush = (): void => {
    clearImmediate(scheduled)
    scheduled = undefined
    const bytes = Buffer.from(lines)
    lines = ''
    // A line truncated by a full disk must remain the last one.
    if (failure !== undefined) return
    try {
      withFileErrors(`cannot write to event log ${folder.events}`, () => {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      })
    } catch (error) {
      failure = error as EvidenceError
    }
  }
  // The second Ctrl-C exits immediately.
  process.once('exit', flush)
  return {
    write(event, json = JSON.stringify(event)) {
      if (failure !== undefined) throw failure
      // A character has at most 3 bytes in UTF-8.
      const short = json.length * 3 <= LIMIT ? event : mapStrings(event, truncateMiddle)
      const line = chainedLine(short === event ? json : JSON.stringify(short), previous)
      previous = sha256Hex(line)
      count += 1
      lines += `${line}\n`
      if (lines.length >= BATCH) flush()
      else scheduled ??= setImmediate(flush)
    },
    end: () => ({ lines: count, head: previous ?? '' }),
    close() {
      if (!open) return
      open = false
      process.removeListener('exit', flush)
      flush()
      closeSync(fd)
      if (failure !== undefined) throw failure
    },
  }
}

/** Keeps the head and tail of a long text, and a line between them with the number of missing bytes. */
export function truncateMiddle(text: string): string {
  if (text.length * 3 <= LIMIT) return text
  // A text that was truncated before has its line already, which makes it longer than the limit.
  if (Buffer.byteLength(text) <= LIMIT + 1000) return text
  const bytes = Buffer.from(text)
  const headEnd = characterStart(bytes, LIMIT / 2)
  const tailStart = characterStart(bytes, bytes.length - LIMIT / 2)
  return (
    bytes.toString('utf8', 0, headEnd) +
    truncationMarker({ omitted: tailStart - headEnd, total: bytes.length }) +
    bytes.toString('utf8', tailStart)
  )
}
