/*
 * A long output is recorded as its head and tail, with a line between them. The line is written and read here only.
 * It is text, not a field, because such an output may be registered, and then be part of any other text.
 */

/** Longer outputs go to an overflow file; the record contains only head and tail. */
export const RECORD_LIMIT_BYTES = 1024 * 1024

/** Part of every marker: a cheap test for texts that have one. */
export const TRUNCATION_SIGN = ' bytes left out'

export interface Truncation {
  /** Bytes between head and tail. */
  readonly omitted: number
  /** Bytes of the complete output. */
  readonly total: number
  /** Path of the complete output, relative to the run's directory. */
  readonly file?: string | undefined
}

/** The line between head and tail. */
export const truncationMarker = ({ omitted, total, file }: Truncation): string =>
  marker(omitted, file === undefined ? '' : `; all ${total} are in ${file}`)

const marker = (omitted: number, rest: string): string => `\n[... ${omitted}${TRUNCATION_SIGN}${rest} ...]\n`

const MARKER = new RegExp(`\\n\\[\\.\\.\\. (\\d+)${TRUNCATION_SIGN}([^\\n]*) \\.\\.\\.\\]\\n`)

/** Omits more of a truncated text: `margin` characters on both sides of its marker. Other texts are returned as is. */
export function widenTruncation(text: string, margin: number): string {
  const found = MARKER.exec(text)
  if (found === null) return text
  const [whole, omitted, rest = ''] = found
  const [head, tail] = [text.slice(0, found.index), text.slice(found.index + whole.length)]
  const more = Buffer.byteLength(head.slice(-margin)) + Buffer.byteLength(tail.slice(0, margin))
  return head.slice(0, -margin) + marker(Number(omitted) + more, rest) + tail.slice(margin)
}

/** The first position at or before `at` where a UTF-8 character starts. */
export function characterStart(bytes: Buffer, at: number): number {
  let start = at
  while (start > 0 && at - start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}
