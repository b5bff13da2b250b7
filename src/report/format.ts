import { dropUnprintable } from './unprintable.ts'

/** Milliseconds as people say them: `312 ms`, `4.2 s`, `1 min 05 s`, `2 h 03 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `21 November 2026, 04:30:00 UTC` */
export function moment(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return 'unknown time'
  const month = MONTHS[date.getUTCMonth()]
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}, ${date.toISOString().slice(11, 19)} UTC`
}

/** Node's own words for dates and numbers take 30 ms to load. */
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] as const

/** `1,234,567` */
export const number = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 task`, `2 tasks` */
export const plural = (n: number, word: string): string => `${number(n)} ${word}${n === 1 ? '' : 's'}`

export const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''

/** Text for a Markdown paragraph or table cell: shown as it is, on one line, with no meaning to Markdown or HTML. */
export function markdown(text: string): string {
  return dropUnprintable(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)\./, '$1\\.')
}

/**
 * Head and tail of a text with more lines than that, for a page that people read.
 *
 * @param whole - the file that has all of it.
 */
export function excerpt(text: string, { lines = 80, width = 2000, whole = 'events.jsonl' } = {}): string {
  const all = text.trimEnd().split('\n').map((line) => (line.length > width ? `${line.slice(0, width)} ...` : line))
  if (all.length <= lines) return all.join('\n')
  const tail = Math.floor(lines / 3)
  const left = all.length - lines
  return [...all.slice(0, lines - tail), `... ${plural(left, 'line')} left out; all of them are in ${whole} ...`, ...all.slice(-tail)].join('\n')
}
