import { closeSync, openSync, readSync } from 'node:fs'
import { EVENT_SCHEMA, type RunEvent } from '../events/events.ts'
import { withFileErrors, EvidenceError } from './run-directory.ts'

const CHUNK = 1024 * 1024
const NEWLINE = 0x0a

/**
 * Reads an event log, event by event. A truncated last line, of a killed run, is skipped.
 *
 * @throws {EvidenceError} the file cannot be read, a line other than the last is not an event, or a newer Labbook
 *   wrote the file.
 */
export function* readEventLog(path: string): Generator<RunEvent> {
  let number = 0
  for (const { text, complete } of lines(path)) {
    number += 1
    if (text.trim() === '') continue
    const event = parse(text)
    if (event?.type === 'run_start' && (event.schema ?? 1) > EVENT_SCHEMA)
      throw new EvidenceError(
        `${path} has event schema ${event.schema}, but this Labbook reads up to ${EVENT_SCHEMA}: use Labbook ${event.version} or newer`,
      )
    if (event !== undefined) yield event
    else if (complete) {
      throw new EvidenceError(`${path}:${number}: this line is not an event. If the file was edited, remove the line`)
    }
  }
}

function parse(text: string): RunEvent | undefined {
  try {
    const value: unknown = JSON.parse(text)
    // The hash of the line before belongs to the line, not to the event.
    if (typeof value === 'object' && value !== null && 'previous' in value) delete value.previous
    return typeof value === 'object' && value !== null && 'type' in value && 'time' in value
      ? (value as RunEvent)
      : undefined
  } catch {
    return undefined
  }
}

/** Not readline, which also splits at U+2028, which JSON allows in strings. */
function* lines(path: string): Generator<{ text: string; complete: boolean }> {
  const fd = withFileErrors(`cannot read event log ${path}`, () => openSync(path, 'r'))
  try {
    const chunk = Buffer.alloc(CHUNK)
    let parts: Buffer[] = []
    for (let size; (size = withFileErrors(`cannot read event log ${path}`, () => readSync(fd, chunk))) > 0; ) {
      let start = 0
      for (let end; (end = chunk.indexOf(NEWLINE, start)) !== -1 && end < size; start = end + 1) {
        const text =
          parts.length === 0
            ? chunk.toString('utf8', start, end)
            : Buffer.concat([...parts, chunk.subarray(start, end)]).toString()
        yield { text, complete: true }
        parts = []
      }
      parts.push(Buffer.from(chunk.subarray(start, size)))
    }
    yield { text: Buffer.concat(parts).toString(), complete: false }
  } finally {
    closeSync(fd)
  }
}
