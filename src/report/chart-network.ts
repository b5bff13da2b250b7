import type { NetworkChart } from '../events/chart.ts'
import { FONT, INK, label, MARGIN, QUIET, TITLE, type ChartSize } from './chart-style.ts'
import { html, type Markup } from './html.ts'
import type { Messages } from './messages/index.ts'
import { textIn } from './translate.ts'

const MAX_BOXES = 6
const MAX_LINES = 6
const MAX_ROWS = 8
const GAP = 16
const ROW_LABEL = 22
const LINE = 17
/** Height of a box without lines. */
const HEAD = 32
/** For the links between two rows. */
const LINKS = 44
const HUES = ['#0072b2', '#c44e00', '#00795c', '#a53e8c', '#806000'] as const

interface PlacedBox {
  readonly name: string
  readonly title: string
  readonly lines: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly hue: string
}

/** Draws a network as an SVG: rows of boxes from the clients down, and the links between them. */
export function drawNetwork(chart: NetworkChart, id: string, messages: Messages, { width }: ChartSize): Markup {
  const rows = placeRows(chart, width, messages)
  const boxes = new Map(rows.flatMap(({ boxes: placed }) => placed.map((box) => [box.name, box] as const)))
  const last = rows.at(-1)
  const height = (last === undefined ? TITLE : last.y + last.height) + MARGIN
  const hidden = more(chart.rows.length, MAX_ROWS)
  const title = label(textIn(chart.title, messages), Math.floor(width / 9.6) - hidden.length) + hidden
  const rowText = (i: number): string => {
    const row = chart.rows[i]
    return row === undefined ? '' : label(textIn(row.label, messages)) + more(row.boxes.length, MAX_BOXES)
  }
  const described = rows.map(
    ({ boxes: placed }, i) =>
      `${rowText(i)}: ${placed.map(({ title: own, lines }) => [own, ...lines].map((text) => label(text)).join(', ')).join('; ')}.`,
  )
  const linked = chart.links.flatMap(({ from, to, label: text }) => {
    const [start, end] = [boxes.get(from), boxes.get(to)]
    if (start === undefined || end === undefined || start === end) return []
    return [`${label(start.title)} → ${label(end.title)}${text === undefined ? '' : ` (${label(text, 30)})`}`]
  })
  if (linked.length > 0) described.push(`${linked.join('; ')}.`)
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title-${id} desc-${id}" font-family="${FONT}"><title id="title-${id}">${title}</title><desc id="desc-${id}">${described.join(' ')}</desc>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="#ffffff" stroke="#c9d1da"/>
<text x="${MARGIN}" y="30" font-size="16" font-weight="600" fill="${INK}">${title}</text>
${chart.links.map(({ from, to, label: text }) => drawLink(boxes.get(from), boxes.get(to), text))}
${rows.map(
  (
    { y, boxes: placed },
    i,
  ) => html`<text x="${MARGIN}" y="${y - 7}" font-size="12" fill="${QUIET}" stroke="#ffffff" stroke-width="5" paint-order="stroke">${rowText(i)}</text>
${placed.map(drawBox)}`,
)}</svg>
`
}

interface PlacedRow {
  readonly y: number
  readonly height: number
  readonly boxes: readonly PlacedBox[]
}

/** How many are not shown: ` (+2)`. */
const more = (count: number, shown: number): string => (count > shown ? ` (+${count - shown})` : '')

/** The lines of a box. The last tells how many more there are. */
const shownLines = (lines: readonly string[]): readonly string[] =>
  lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES - 1), `(+${lines.length - MAX_LINES + 1})`]

function placeRows({ rows }: NetworkChart, width: number, messages: Messages): PlacedRow[] {
  const placed: PlacedRow[] = []
  let y = TITLE + ROW_LABEL
  for (const [i, { boxes }] of rows.slice(0, MAX_ROWS).entries()) {
    const shown = boxes.slice(0, MAX_BOXES).map(({ name, title = name, lines }) => ({
      name,
      title: textIn(title, messages),
      lines: shownLines(lines.map((line) => textIn(line, messages))),
    }))
    const boxWidth = Math.min(300, (width - 2 * MARGIN - GAP * (shown.length - 1)) / Math.max(1, shown.length))
    const start = (width - shown.length * boxWidth - GAP * (shown.length - 1)) / 2
    const height = HEAD + Math.max(0, ...shown.map(({ lines }) => lines.length)) * LINE
    placed.push({
      y,
      height,
      boxes: shown.map((box, n) => ({
        ...box,
        x: start + n * (boxWidth + GAP),
        y,
        width: boxWidth,
        height,
        hue: HUES[i % HUES.length] as string,
      })),
    })
    y += height + LINKS + ROW_LABEL
  }
  return placed
}

/** From the lower edge of a box to the upper edge of another. The text is near its end, where links lie apart. */
function drawLink(from: PlacedBox | undefined, to: PlacedBox | undefined, text: string | undefined): Markup | false {
  if (from === undefined || to === undefined || from === to) return false
  const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + from.height, to.x + to.width / 2, to.y - 1]
  const angle = Math.atan2(y2 - y1, x2 - x1)
  const tip = (turn: number): string =>
    `${round(x2 - 9 * Math.cos(angle + turn))} ${round(y2 - 9 * Math.sin(angle + turn))}`
  return html`<path d="M${round(x1)} ${y1}L${round(x2)} ${y2}M${tip(0.4)}L${round(x2)} ${y2}L${tip(-0.4)}" stroke="${QUIET}" stroke-width="1.5" fill="none"/>
${
  text !== undefined &&
  html`<text x="${round(x1 + (x2 - x1) * 0.35)}" y="${round(y1 + (y2 - y1) * 0.35)}" font-size="12" text-anchor="middle" fill="${INK}" stroke="#ffffff" stroke-width="4" paint-order="stroke">${label(text, 30)}</text>
`
}`
}

const drawBox = ({ x, y, width, height, hue, title, lines }: PlacedBox): Markup => {
  const fits = Math.floor((width - 20) / 7.4)
  return html`<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${height}" rx="7" fill="#f7f9fb" stroke="${hue}" stroke-width="1.5"/>
<text x="${round(x + 11)}" y="${y + 21}" font-size="14" font-weight="600" fill="${INK}">${label(title, Math.floor((width - 20) / 8.6))}</text>
${lines.map(
  (
    line,
    i,
  ) => html`<text x="${round(x + 11)}" y="${y + 21 + (i + 1) * LINE}" font-size="13" fill="${INK}">${label(line, fits)}</text>
`,
)}`
}

const round = (n: number): number => Math.round(n * 10) / 10
