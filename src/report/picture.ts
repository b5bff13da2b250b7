import type { Exhibit } from '../run/events.ts'
import { duration, firstLine } from './format.ts'
import { html } from './templates.ts'
import { dropUnprintable, layOut, type Line, type Segment } from './terminal.ts'

const COLUMNS = 120
const NARROWEST = 64
const HEAD = 40
const TAIL = 20
const TITLE_BAR = 34
const PADDING = 14
const ROW = 19
/** Width of a character at the font size of the template; each text is stretched to it, whatever font there is. */
const CHARACTER = 7.8

interface Row {
  readonly kind: 'command' | 'out' | 'err' | 'note' | 'failed'
  readonly segments: Line
}

/** An exhibit as an SVG picture of a terminal. Its text can be selected; more than 60 lines of output are cut in the middle. */
export function picture(exhibit: Exhibit, id: string): string {
  const rows = rowsOf(exhibit)
  const columns = Math.max(NARROWEST, ...rows.map(({ segments }) => endOf(segments)))
  const height = TITLE_BAR + PADDING * 2 + rows.length * ROW
  const round = (n: number): number => Math.round(n * 10) / 10
  return html.render('picture.svg.njk', {
    id,
    title: dropUnprintable(`${exhibit.title} (${exhibit.host})`),
    host: dropUnprintable(exhibit.host),
    duration: duration(exhibit.durationMs),
    description: description(exhibit),
    width: Math.ceil(columns * CHARACTER + PADDING * 2),
    height,
    titleBar: TITLE_BAR,
    rows: rows.map(({ kind, segments }, i) => {
      const top = TITLE_BAR + PADDING + i * ROW
      return segments.map((segment: Segment) => ({
        ...segment,
        kind,
        x: round(PADDING + segment.column * CHARACTER),
        w: round(segment.width * CHARACTER),
        top,
        rowHeight: ROW,
        baseline: top + 14,
      }))
    }),
  })
}

function rowsOf(exhibit: Exhibit): Row[] {
  const prompt = exhibit.host === 'controller' ? 'controller$ ' : `${exhibit.host}$ `
  const rows: Row[] = layOut(prompt + exhibit.command.trimEnd().replaceAll('\n', '\n> '), COLUMNS)
    .map((segments) => ({ kind: 'command', segments }))
  const output: Row[] = [
    ...layOut(exhibit.stdout.trimEnd(), COLUMNS).map((segments): Row => ({ kind: 'out', segments })),
    ...layOut(exhibit.stderr.trimEnd(), COLUMNS).map((segments): Row => ({ kind: 'err', segments })),
  ]
  rows.push(...cutMiddle(rows.splice(0)), ...cutMiddle(output))
  if (exhibit.exitCode !== 0) rows.push(textRow('failed', `exit code ${exhibit.exitCode}`))
  return rows
}

function cutMiddle(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= HEAD + TAIL) return rows
  const note = `··· ${rows.length - HEAD - TAIL} lines left out; all of them are in events.jsonl ···`
  return [...rows.slice(0, HEAD), textRow('note', note), ...rows.slice(-TAIL)]
}

const textRow = (kind: Row['kind'], text: string): Row => ({ kind, segments: layOut(text, COLUMNS)[0] ?? [] })

const endOf = (segments: Line): number => {
  const last = segments.at(-1)
  return last ? last.column + last.width : 0
}

function description(exhibit: Exhibit): string {
  const lines = exhibit.stdout.split('\n').filter((line) => line.trim() !== '').length
  return dropUnprintable(
    `Terminal of ${exhibit.host}. Command: ${firstLine(exhibit.command)}. `
    + `Exit code ${exhibit.exitCode}, ${lines} lines of output, took ${duration(exhibit.durationMs)}.`,
  )
}
