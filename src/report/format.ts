import { dropUnprintable } from './unprintable.ts'

/** Units and separators of a language. */
export interface Units {
  readonly ms: string
  readonly s: string
  readonly min: string
  readonly h: string
  readonly point: string
  readonly thousands: string
}

export const ENGLISH: Units = { ms: 'ms', s: 's', min: 'min', h: 'h', point: '.', thousands: ',' }

/** Formats milliseconds: `312 ms`, `4.2 s`, `1 min 05 s`, `2 h 03 min`. */
export const durationIn =
  ({ ms, s, min, h, point }: Units) =>
  (milliseconds: number): string => {
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ${ms}`
    if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1).replace('.', point)} ${s}`
    const seconds = Math.round(milliseconds / 1000)
    if (seconds < 3600) return `${Math.floor(seconds / 60)} ${min} ${twoDigits(seconds % 60)} ${s}`
    return `${Math.floor(seconds / 3600)} ${h} ${twoDigits(Math.floor((seconds % 3600) / 60))} ${min}`
  }

export const duration = durationIn(ENGLISH)

const twoDigits = (n: number): string => String(n).padStart(2, '0')

/** `1,234,567` */
export const numberIn =
  ({ thousands }: Units) =>
  (n: number): string =>
    grouped(String(n), thousands)

const grouped = (digits: string, thousands: string): string => digits.replace(/\B(?=(\d{3})+$)/g, thousands)

/** A measured number with three significant digits: `1,234`, `56.7`, `0.042`. */
export const measureIn =
  (units: Units) =>
  (n: number): string => {
    const size = Math.abs(n)
    if (size !== 0 && (size < 0.001 || size >= 1e15)) return n.toPrecision(3).replace('.', units.point)
    const digits = size >= 100 || Number.isInteger(n) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
    const [whole = '', part = ''] = n
      .toFixed(digits)
      .replace(/(\.\d*?)0+$/, '$1')
      .split('.')
    return grouped(whole, units.thousands) + (part === '' ? '' : units.point + part)
  }

/** Day, month, year and time of an ISO time, in UTC; undefined if it is invalid. */
export function dayAndTime(
  iso: string,
): { readonly day: number; readonly month: number; readonly year: number; readonly time: string } | undefined {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return undefined
  return {
    day: date.getUTCDate(),
    month: date.getUTCMonth(),
    year: date.getUTCFullYear(),
    time: date.toISOString().slice(11, 19),
  }
}

export const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''

/** Escapes text for a Markdown paragraph or table cell, on one line. */
export function escapeMarkdown(text: string): string {
  return dropUnprintable(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)\./, '$1\\.')
}

export interface ExcerptOptions {
  /** Default 80. */
  readonly lines?: number
  /** Characters per line. Default 2000. */
  readonly width?: number
  /** The file with the complete text. Default: the event log. */
  readonly completeFile?: string
}

/** Head and tail of a text. `omitted` is the note between them. */
export function excerpt(
  text: string,
  omitted: (lines: number, file: string) => string,
  { lines = 80, width = 2000, completeFile: whole = 'events.jsonl' }: ExcerptOptions = {},
): string {
  const allLines = text
    .trimEnd()
    .split('\n')
    .map((line) => (line.length > width ? `${line.slice(0, width)} ...` : line))
  if (allLines.length <= lines) return allLines.join('\n')
  const tail = Math.floor(lines / 3)
  return [
    ...allLines.slice(0, lines - tail),
    `... ${omitted(allLines.length - lines, whole)} ...`,
    ...allLines.slice(-tail),
  ].join('\n')
}

/** `Counter` for `counter`. */
export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
