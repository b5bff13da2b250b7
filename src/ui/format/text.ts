import { stripVTControlCharacters } from 'node:util'

/**
 * A host's output made safe for a terminal: no escape sequences, which could move the cursor or set the window's
 * title, and of a line that was drawn again and again (a progress bar) only the last state.
 */
export function clean(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replaceAll('\r\n', '\n')
      // Looked for from the start of a line only: from everywhere, one line of a megabyte would take minutes.
      .replace(/^[^\n]*\r(?=[^\n])/gm, '')
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  )
}

/** The lines of an output without the empty ones at its end. */
export function linesOf(text: string): string[] {
  const trimmed = clean(text).trimEnd()
  return trimmed === '' ? [] : trimmed.split('\n')
}

/** The last lines of an output; where something was left out, the first line says how much. */
export function tail(text: string, count: number): string[] {
  const lines = linesOf(text)
  if (lines.length <= count) return lines
  const left = lines.length - count + 1
  return [`… ${left} lines before`, ...lines.slice(left)]
}

/** Text in one line of at most `width` characters. */
export function shorten(text: string, width = Number.POSITIVE_INFINITY): string {
  const line = clean(text).replace(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1)).trimEnd()}…`
}

/** Text as lines of at most `width` characters, broken between words; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/**
 * A line as lines of at most `width` characters: as it is where it fits, else broken between words, a longer word
 * anywhere.
 */
export function fit(line: string, width: number): string[] {
  if (line.length <= width) return [line]
  return wrap(line, width).flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / width) }, (_, i) => part.slice(i * width, (i + 1) * width)),
  )
}

/** `3 hosts`, `1 host`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
