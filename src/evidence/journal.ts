import { appendFileSync, closeSync, openSync } from 'node:fs'
import type { Subscriber } from '../run/events.ts'
import { attempt, type RunFolder } from './folder.ts'
import { mapStrings } from './strings.ts'

/** No text in the journal is longer than this many bytes. */
const LIMIT = 1024 * 1024

/**
 * Opens the journal of a run for writing: one event a line, handed to the system as it happens, so that a killed run
 * keeps all it did. Texts over 1 MiB keep their head and tail. Secrets must have been masked before.
 *
 * @throws {EvidenceError} when the file cannot be opened; `write` throws it when it cannot be written (disk full).
 */
export function journal(folder: Pick<RunFolder, 'events'>): { write: Subscriber; close(): void } {
  const fd = attempt(`cannot open the journal ${folder.events}`, () => openSync(folder.events, 'a'))
  let open = true
  return {
    write(event) {
      const line = `${JSON.stringify(mapStrings(event, shorten))}\n`
      attempt(`cannot write to the journal ${folder.events}`, () => appendFileSync(fd, line))
    },
    close() {
      if (open) closeSync(fd)
      open = false
    },
  }
}

/** Head and tail of a text that is too long, and between them a line that says how many bytes are missing. */
export function shorten(text: string): string {
  if (text.length * 3 <= LIMIT) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= LIMIT) return text
  const headEnd = characterStart(bytes, LIMIT / 2)
  const tailStart = characterStart(bytes, bytes.length - LIMIT / 2)
  const note = `\n[... ${tailStart - headEnd} bytes left out ...]\n`
  return bytes.toString('utf8', 0, headEnd) + note + bytes.toString('utf8', tailStart)
}

/** The first position at or before `at` where a UTF-8 character starts. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}
