import { stripVTControlCharacters } from 'node:util'

/**
 * Sanitizes a host's output for a terminal: removes escape sequences, and all but the last state of a redrawn line (a
 * progress bar).
 */
export function sanitize(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll('\r\n', '\n')
      // Anchored at the line start: otherwise a line of 1 MB would take minutes.
      .replace(/^[^\n]*\r(?=[^\n])/gm, '')
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  )
}

/** The lines of an output, without trailing empty ones. */
export function linesOf(text: string): string[] {
  const trimmed = sanitize(text).trimEnd()
  return trimmed === '' ? [] : trimmed.split('\n')
}

/** The last lines of an output; if it is truncated, the first line has the number of missing lines. */
export function tail(text: string, count: number): string[] {
  const lines = linesOf(text)
  if (lines.length <= count) return lines
  const omitted = lines.length - count + 1
  return [`… ${omitted} lines before`, ...lines.slice(omitted)]
}

/** Truncates text to one line of at most `width` characters. */
export function shorten(text: string, width = Number.POSITIVE_INFINITY): string {
  const line = sanitize(text).replace(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1)).trimEnd()}…`
}

/** Wraps text at `width` characters, between words; longer words are not split. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Wraps a line at `width` characters, between words; longer words are split. A line that fits is unchanged. */
export function wrapAnywhere(line: string, width: number): string[] {
  if (line.length <= width) return [line]
  return wrap(line, width).flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / width) }, (_, i) => part.slice(i * width, (i + 1) * width)),
  )
}

/** `3 hosts`, `1 host`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
