import { stripVTControlCharacters } from 'node:util'
import Anser from 'anser'
import stringWidth from 'string-width'
import { dropControls } from './unprintable.ts'

/** A run of text in one style, as on a terminal. */
export interface Segment {
  readonly text: string
  /** First column, from 0. */
  readonly column: number
  /** In columns: a wide character takes two. */
  readonly width: number
  readonly color?: string
  readonly background?: string
  readonly bold: boolean
  readonly dim: boolean
  readonly italic: boolean
  readonly underline: boolean
}

export type Line = readonly Segment[]

const TAB = 8
/** Replaces Anser's sixteen colours by ones that are readable on the dark background. */
const THEME: Readonly<Record<string, string>> = {
  '0, 0, 0': '#6e7681',
  '187, 0, 0': '#ff7b72',
  '0, 187, 0': '#56d364',
  '187, 187, 0': '#e3b341',
  '0, 0, 187': '#79b8ff',
  '187, 0, 187': '#d2a8ff',
  '0, 187, 187': '#56d4dd',
  '255,255,255': '#d5dbe3',
  '85, 85, 85': '#8b949e',
  '255, 85, 85': '#ffa198',
  '0, 255, 0': '#7ee787',
  '255, 255, 85': '#f2cc60',
  '85, 85, 255': '#a5d6ff',
  '255, 85, 255': '#e2c5ff',
  '85, 255, 255': '#8be9f1',
  '255, 255, 255': '#ffffff',
}

export interface LayoutOptions {
  /** Ends long lines with `…` instead of wrapping them. */
  readonly clip?: boolean
}

/**
 * Lays out text as a terminal does: colours, tabs, carriage returns, wrapping. Only SGR escape sequences are
 * interpreted; other control characters and bidirectional controls are dropped.
 */
export function layOut(text: string, columns: number, { clip = false }: LayoutOptions = {}): Line[] {
  const lines: Line[] = []
  let line: Segment[] = []
  let column = 0
  let isFull = false
  const breakLine = (): void => {
    lines.push(line)
    line = []
    column = 0
    isFull = false
  }
  for (const style of Anser.ansiToJson(clean(text), { json: true, remove_empty: true })) {
    const parts = style.content.split('\n')
    for (const [i, part] of parts.entries()) {
      if (i > 0) breakLine()
      if (isFull) continue
      for (const piece of clip ? clipped(part, columns, column) : fit(part, columns, column)) {
        if (piece.wrapped) breakLine()
        isFull = piece.full === true
        line.push(segment(piece.text, column, style))
        column += widthOf(piece.text)
      }
    }
  }
  if (line.length > 0) breakLine()
  return lines
}

/** Keeps printable text, line ends and SGR sequences; expands tabs. */
function clean(text: string): string {
  const printable = text
    .split(/(\x1b\[[\d;]*m)/)
    .map((part, i) => (i % 2 === 1 ? part : stripVTControlCharacters(part)))
    .join('')
    .replace(/\r+\n/g, '\n')
    // A carriage return overwrites the line: the last state of a progress bar remains.
    .replace(/^.*\r(?=[^\n])/gm, '')
  return dropControls(expandTabs(printable), true)
}

function expandTabs(text: string): string {
  if (!text.includes('\t')) return text
  return text
    .split('\n')
    .map((line) =>
      line.split('\t').reduce((expanded, part) => {
        return expanded + ' '.repeat(TAB - (widthOf(expanded) % TAB)) + part
      }),
    )
    .join('\n')
}

/** Width in columns. Most text is ASCII, which needs no lookup. */
function widthOf(text: string): number {
  if (isPlain(text)) return text.length
  if (text.length > 8) return stringWidth(text)
  const cached = widths.get(text)
  if (cached !== undefined) return cached
  const width = stringWidth(text)
  if (widths.size < 10_000) widths.set(text, width)
  return width
}

/** Cache for single characters: a lookup takes 30 µs. */
const widths = new Map<string, number>()

const isPlain = (text: string): boolean => /^[ -~]*$/.test(text)

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Longer texts are segmented in chunks: the segmenter takes quadratic time. */
const CHUNK = 256

/** Grapheme clusters: a letter with its accents, an emoji of several code points. */
function* graphemes(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = at + CHUNK
    const part = text.slice(at, /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end + 1 : end)
    if (isPlain(part)) yield* part
    else for (const { segment: character } of characters.segment(part)) yield character
    at += part.length
  }
}

interface Piece {
  readonly text: string
  readonly wrapped: boolean
  /** The line takes no more text. */
  readonly full?: boolean
}

/** The text that fits into the rest of the line. */
function* clipped(text: string, columns: number, column: number): Generator<Piece> {
  if (text === '') return
  const [first] = fit(text, columns, column)
  if (first === undefined) return
  if (!first.wrapped && first.text.length === text.length) {
    yield first
    return
  }
  // Less one column, for the ellipsis.
  const [shorter] = fit(text, columns - 1, column)
  yield { text: `${shorter === undefined || shorter.wrapped ? '' : shorter.text}…`, wrapped: false, full: true }
}

/** Splits text at the last column; `column` is where the first piece starts. */
function* fit(text: string, columns: number, column: number): Generator<Piece> {
  if (text === '') return
  if (text.length <= CHUNK && column + widthOf(text) <= columns) {
    yield { text, wrapped: false }
    return
  }
  let piece = ''
  let at = column
  let wrapped = false
  for (const character of graphemes(text)) {
    const width = widthOf(character)
    if (at + width > columns) {
      if (piece !== '') yield { text: piece, wrapped }
      piece = ''
      at = 0
      wrapped = true
    }
    piece += character
    at += width
  }
  yield { text: piece, wrapped }
}

function segment(text: string, column: number, style: Anser.AnserJsonEntry): Segment {
  const has = (decoration: Anser.DecorationName): boolean => style.decorations.includes(decoration)
  return {
    text,
    column,
    width: widthOf(text),
    ...(style.fg ? { color: THEME[style.fg] ?? `rgb(${style.fg})` } : {}),
    ...(style.bg ? { background: THEME[style.bg] ?? `rgb(${style.bg})` } : {}),
    bold: has('bold'),
    dim: has('dim'),
    italic: has('italic'),
    underline: has('underline'),
  }
}
