import type { Exhibit } from '../events/events.ts'
import { firstLine } from './format.ts'
import { html, type Markup } from './html.ts'
import { commandLines, fitOutput, isDescription } from './terminal-fit.ts'
import { layOut, type Line, type Segment } from './terminal-layout.ts'
import { en, type Messages } from './messages/index.ts'

const MAX_COLUMNS = 100
const MIN_COLUMNS = 64
const HEAD = 40
const TAIL = 20
const TITLE_BAR = 34
const PADDING = 14
const ROW = 19
/** Width of a character in the SVG. Text is stretched to it, so that every font gives the same layout. */
const CHARACTER = 7.8

type ShownFields = Pick<
  Exhibit,
  'title' | 'host' | 'command' | 'displayCommand' | 'stdout' | 'stderr' | 'exitCode' | 'durationMs' | 'long'
>

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

/**
 * An exhibit as an SVG of a terminal, with selectable text. Long output is cut in the middle, long lines at the end.
 *
 * @param maxRows - rows of the command, and of its output.
 */
export function drawTerminal(
  exhibit: ShownFields,
  id: string,
  messages: Messages = en,
  maxRows: number = HEAD + TAIL,
): string {
  const rows = rowsOf(exhibit, maxRows, messages)
  const columns = Math.max(MIN_COLUMNS, ...rows.map(({ segments }) => endOf(segments)))
  const width = Math.ceil(columns * CHARACTER + PADDING * 2)
  const height = TITLE_BAR + PADDING * 2 + rows.length * ROW
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="terminal" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title-${id} desc-${id}" xml:space="preserve" font-family="${FONTS}" font-size="13"><title id="title-${id}">${`${exhibit.title} (${exhibit.host})`}</title><desc id="desc-${id}">${description(exhibit, messages)}</desc>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="#12161d" stroke="#39414d"/>
<path d="M1 ${TITLE_BAR}V10a9 9 0 0 1 9-9H${width - 10}a9 9 0 0 1 9 9V${TITLE_BAR}Z" fill="#232a34"/>
<circle cx="20" cy="17.5" r="5.5" fill="#ff6159"/><circle cx="38" cy="17.5" r="5.5" fill="#ffbd2e"/><circle cx="56" cy="17.5" r="5.5" fill="#28c941"/>
<text x="${width / 2}" y="22" text-anchor="middle" fill="#c5ced9" font-weight="600">${exhibit.host}</text><text x="${width - 14}" y="22" text-anchor="end" fill="#8a94a3" font-size="12">${messages.duration(exhibit.durationMs)}</text>
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

const tenths = (n: number): number => Math.round(n * 10) / 10

function rowsOf(exhibit: ShownFields, maxRows: number, { phrases }: Messages): Row[] {
  const clipped = { clip: true }
  const commandKind = isDescription(exhibit) ? 'described' : 'command'
  const command = layOut(commandLines(exhibit, MAX_COLUMNS), MAX_COLUMNS, clipped).map(
    (segments): Row => ({ kind: commandKind, segments }),
  )
  const output = [
    ...layOut(fitOutput(exhibit.stdout.trimEnd(), MAX_COLUMNS), MAX_COLUMNS, clipped).map(
      (segments): Row => ({ kind: 'out', segments }),
    ),
    ...layOut(fitOutput(exhibit.stderr.trimEnd(), MAX_COLUMNS), MAX_COLUMNS, clipped).map(
      (segments): Row => ({ kind: 'err', segments }),
    ),
  ]
  return [
    ...cutMiddle(command, maxRows, phrases),
    ...cutMiddle(output, maxRows, phrases, exhibit.long?.stdout?.file ?? exhibit.long?.stderr?.file),
    ...(exhibit.exitCode === 0 ? [] : [textRow('failed', phrases.exit(exhibit.exitCode))]),
  ]
}

function cutMiddle(
  rows: readonly Row[],
  maxRows: number,
  phrases: Messages['phrases'],
  file = 'events.jsonl',
): readonly Row[] {
  if (rows.length <= maxRows) return rows
  const tail = Math.floor(maxRows / 3)
  const note = `··· ${phrases.linesOmitted(rows.length - maxRows, file)} ···`
  return [...rows.slice(0, maxRows - tail), textRow('note', note), ...rows.slice(-tail)]
}

const textRow = (kind: Row['kind'], text: string): Row => ({ kind, segments: layOut(text, MAX_COLUMNS)[0] ?? [] })

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
