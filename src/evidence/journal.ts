import { closeSync, openSync, writeSync } from 'node:fs'
import type { RunEvent } from '../run/events.ts'
import { characterStart, leftOut } from '../run/output.ts'
import { attempt, type EvidenceError, type RunFolder } from './folder.ts'
import { mapStrings } from './strings.ts'

/** No text in the journal is longer than this many bytes. */
const LIMIT = 1024 * 1024
/** More than this is not gathered before it is written. */
const BATCH = 64 * 1024

export interface Journal {
  /** @param json - the event as JSON, where the caller has it. */
  write(event: RunEvent, json?: string): void
  close(): void
}

/**
 * Opens the journal of a run for writing: one event a line. What happens in one turn of the event loop is handed to the
 * system together at its end, and then is safe from whatever becomes of this process, so that a killed run keeps all it
 * did. Texts over 1 MiB keep their head and tail. Secrets must have been masked before.
 *
 * @throws {EvidenceError} when the file cannot be opened; when it cannot be written (disk full), each `write`
 * from then on throws it, and `close`.
 */
export function journal(folder: Pick<RunFolder, 'events'>): Journal {
  const fd = attempt(`cannot open the journal ${folder.events}`, () => openSync(folder.events, 'a'))
  let lines = ''
  let open = true
  let due: NodeJS.Immediate | undefined
  let broken: EvidenceError | undefined

  const flush = (): void => {
    clearImmediate(due)
    due = undefined
    const bytes = Buffer.from(lines)
    lines = ''
    // A line that was torn by a full disk must stay the last one.
    if (broken !== undefined) return
    try {
      attempt(`cannot write to the journal ${folder.events}`, () => {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      })
    } catch (error) {
      broken = error as EvidenceError
    }
  }
  // The second Ctrl-C ends the process at once.
  process.once('exit', flush)
  return {
    write(event, json = JSON.stringify(event)) {
      if (broken !== undefined) throw broken
      // A text of so many bytes has at least a third as many characters.
      const short = json.length * 3 <= LIMIT ? event : mapStrings(event, shorten)
      lines += `${short === event ? json : JSON.stringify(short)}\n`
      if (lines.length >= BATCH) flush()
      else due ??= setImmediate(flush)
    },
    close() {
      if (!open) return
      open = false
      process.removeListener('exit', flush)
      flush()
      closeSync(fd)
      if (broken !== undefined) throw broken
    },
  }
}

/** Head and tail of a text that is too long, and between them a line that says how many bytes are missing. */
export function shorten(text: string): string {
  if (text.length * 3 <= LIMIT) return text
  // What was cut before has its line already; that line is what it may be longer by.
  if (Buffer.byteLength(text) <= LIMIT + 1000) return text
  const bytes = Buffer.from(text)
  const headEnd = characterStart(bytes, LIMIT / 2)
  const tailStart = characterStart(bytes, bytes.length - LIMIT / 2)
  return (
    bytes.toString('utf8', 0, headEnd) + leftOut(tailStart - headEnd, bytes.length) + bytes.toString('utf8', tailStart)
  )
}
