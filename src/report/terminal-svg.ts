import type { Exhibit } from '../events/events.ts'
import { firstLine } from './format.ts'
import { html, type Markup } from './html.ts'
import { commandLines, fitOutput, isDescription } from './terminal-fit.ts'
import { layOut, type Line, type Segment } from './terminal-layout.ts'
import { en, type Messages } from './messages/index.ts'

const MIN_COLUMNS = 64
const TITLE_BAR = 34
const PADDING = 14
const ROW = 19
/** Width of a character in the SVG. Text is stretched to it, so that every font gives the same layout. */
const CHARACTER = 7.8

type ShownFields = Pick<
  Exhibit,
  'title' | 'host' | 'command' | 'displayCommand' | 'stdout' | 'stderr' | 'exitCode' | 'durationMs' | 'long'
>

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number
  /** Rows of the command, and of its output. */
  readonly rows: number
}

const FULL_SIZE: TerminalSize = { columns: 100, rows: 60 }

interface Row {
  readonly kind: 'command' | 'described' | 'out' | 'err' | 'note' | 'failed'
  readonly segments: Line
}

const TEXT_COLORS = {
  command: '#f0f6fc',
  described: '#a5d6ff',
  out: '#d5dbe3',
  err: '#ffb3a8',
  note: '#8a94a3',
  failed: '#ff7b72',
} as const
const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

/** Draws a terminal as an SVG with selectable text. Long output is cut in the middle, long lines at the end. */
export function drawTerminal(
  exhibit: ShownFields,
  id: string,
  messages: Messages = en,
  size: TerminalSize = FULL_SIZE,
): string {
  const rows = rowsOf(exhibit, size, messages)
  const columns = Math.max(MIN_COLUMNS, ...rows.map(({ segments }) => endOf(segments)))
  const width = Math.ceil(columns * CHARACTER + PADDING * 2)
  const height = TITLE_BAR + PADDING * 2 + rows.length * ROW
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="terminal" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title-${id} desc-${id}" xml:space="preserve" font-family="${FONTS}" font-size="13"><title id="title-${id}">${`${exhibit.title} (${exhibit.host})`}</title><desc id="desc-${id}">${description(exhibit, messages)}</desc>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="#12161d" stroke="#39414d"/>
<path d="M1 ${TITLE_BAR}V10a9 9 0 0 1 9-9H${width - 10}a9 9 0 0 1 9 9V${TITLE_BAR}Z" fill="#232a34"/>
<circle cx="20" cy="17.5" r="5.5" fill="#ff6159"/><circle cx="38" cy="17.5" r="5.5" fill="#ffbd2e"/><circle cx="56" cy="17.5" r="5.5" fill="#28c941"/>
<text x="${width / 2}" y="22" text-anchor="middle" fill="#c5ced9" font-weight="600">${exhibit.host}</text>${exhibit.durationMs > 0 && html`<text x="${width - 14}" y="22" text-anchor="end" fill="#8a94a3" font-size="12">${messages.duration(exhibit.durationMs)}</text>`}
${rows.flatMap((row, i) => row.segments.map((segment) => draw(segment, row.kind, i)))}</svg>
`.text
}

function draw(
  { text, column, width, color, background, bold, dim, italic, underline }: Segment,
  kind: Row['kind'],
  row: number,
): Markup {
  const [x, w, top] = [tenths(PADDING + column * CHARACTER), tenths(width * CHARACTER), TITLE_BAR + PADDING + row * ROW]
  const attributes = [
    ...(bold || kind === 'command' || kind === 'failed' ? [html` font-weight="600"`] : []),
    ...(italic || kind === 'note' ? [html` font-style="italic"`] : []),
    ...(underline ? [html` text-decoration="underline"`] : []),
    ...(dim ? [html` opacity="0.65"`] : []),
  ]
  return html`${
    background !== undefined &&
    html`<rect x="${x}" y="${top}" width="${w}" height="${ROW}" fill="${background}"/>
`
  }<text x="${x}" y="${top + 14}" textLength="${w}" lengthAdjust="spacingAndGlyphs" style="white-space:pre" fill="${color ?? TEXT_COLORS[kind]}"${attributes}>${text}</text>
`
}

/** The first of the sizes at which no line is cut at its end. */
export const fittingSize = (
  exhibit: ShownFields,
  sizes: readonly TerminalSize[],
  messages: Messages,
): TerminalSize | undefined =>
  sizes.find((size) => rowsOf(exhibit, size, messages).every(({ segments }) => !isCut(segments, size)))

const isCut = (segments: Line, { columns }: TerminalSize): boolean =>
  endOf(segments) === columns && segments.at(-1)?.text.endsWith('…') === true

const tenths = (n: number): number => Math.round(n * 10) / 10

function rowsOf(exhibit: ShownFields, { columns, rows: maxRows }: TerminalSize, { phrases }: Messages): Row[] {
  const commandKind = isDescription(exhibit) ? 'described' : 'command'
  const command = layOut(commandLines(exhibit, columns), columns, { clip: true }).map(
    (segments): Row => ({ kind: commandKind, segments }),
  )
  const output = [
    ...outputLines(exhibit.stdout, columns).map((segments): Row => ({ kind: 'out', segments })),
    ...outputLines(exhibit.stderr, columns).map((segments): Row => ({ kind: 'err', segments })),
  ]
  return [
    ...cutMiddle(command, maxRows, phrases),
    ...cutMiddle(output, maxRows, phrases, exhibit.long?.stdout?.file ?? exhibit.long?.stderr?.file),
    ...(exhibit.exitCode === 0 ? [] : [textRow('failed', phrases.exit(exhibit.exitCode))]),
  ]
}

/** Prose and JSON that take only a few rows are wrapped, so that nothing is missing; rows of a table never are. */
const WRAPPED_ROWS = 12

function outputLines(output: string, columns: number): Line[] {
  const text = fitOutput(output.trimEnd(), columns)
  return text.split('\n').length <= WRAPPED_ROWS && !/\S(?: {2,}|\t)\S/.test(text)
    ? wrapped(text, columns)
    : layOut(text, columns, { clip: true })
}

function wrapped(text: string, columns: number): Line[] {
  const lines = layOut(text, columns)
  return lines.length <= WRAPPED_ROWS ? lines : layOut(text, columns, { clip: true })
}

function cutMiddle(
  rows: readonly Row[],
  maxRows: number,
  phrases: Messages['phrases'],
  file = 'events.jsonl',
): readonly Row[] {
  if (rows.length <= maxRows) return rows
  const omitted = (count: number): Row => textRow('note', `··· ${phrases.linesOmitted(count, file)} ···`)
  const paragraph = rows.findIndex(({ segments }) => segments.length === 0)
  // In a small picture of a table, and below it what explains it, only the table.
  const isTable = maxRows < FULL_SIZE.rows && rows.every(({ kind }) => kind === 'out')
  if (isTable && paragraph > maxRows / 2 && paragraph <= maxRows)
    return [...rows.slice(0, paragraph), omitted(rows.length - paragraph)]
  const tail = Math.floor(maxRows / 3)
  return [...rows.slice(0, maxRows - tail), omitted(rows.length - maxRows), ...rows.slice(-tail)]
}

const textRow = (kind: Row['kind'], text: string): Row => ({ kind, segments: layOut(text, FULL_SIZE.columns)[0] ?? [] })

const endOf = (segments: Line): number => {
  const last = segments.at(-1)
  return last ? last.column + last.width : 0
}

function description(
  { stdout, host, command, exitCode, durationMs }: ShownFields,
  { phrases, duration }: Messages,
): string {
  const lines = stdout.split('\n').filter((line) => line.trim() !== '').length
  return phrases.terminal(host, firstLine(command), exitCode, lines, duration(durationMs))
}
