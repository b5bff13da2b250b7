import { closeSync, openSync, readSync } from 'node:fs'
import type { RunEvent } from '../run/events.ts'
import { attempt, EvidenceError } from './folder.ts'

const CHUNK = 1024 * 1024
const NEWLINE = 0x0a

/**
 * Reads a journal event by event. A last line that was cut off, because the run was killed, is left out.
 *
 * @throws {EvidenceError} when the file cannot be read, or a line that is not the last is no event.
 */
export function* readJournal(path: string): Generator<RunEvent> {
  let number = 0
  for (const { text, complete } of lines(path)) {
    number += 1
    if (text.trim() === '') continue
    const event = parse(text)
    if (event !== undefined) yield event
    else if (complete) {
      throw new EvidenceError(
        `${path}:${number}: this line is no event of a run. Was the file edited? Remove the line to read the rest`,
      )
    }
  }
}

function parse(text: string): RunEvent | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'type' in value && 'time' in value
      ? (value as RunEvent)
      : undefined
  } catch {
    return undefined
  }
}

/** Node's readline would also split at U+2028, which JSON allows inside a line. */
function* lines(path: string): Generator<{ text: string; complete: boolean }> {
  const fd = attempt(`cannot read the journal ${path}`, () => openSync(path, 'r'))
  try {
    const chunk = Buffer.alloc(CHUNK)
    let pieces: Buffer[] = []
    for (let size; (size = attempt(`cannot read the journal ${path}`, () => readSync(fd, chunk))) > 0; ) {
      let start = 0
      for (let end; (end = chunk.indexOf(NEWLINE, start)) !== -1 && end < size; start = end + 1) {
        const text =
          pieces.length === 0
            ? chunk.toString('utf8', start, end)
            : Buffer.concat([...pieces, chunk.subarray(start, end)]).toString()
        yield { text, complete: true }
        pieces = []
      }
      pieces.push(Buffer.from(chunk.subarray(start, size)))
    }
    yield { text: Buffer.concat(pieces).toString(), complete: false }
  } finally {
    closeSync(fd)
  }
}
