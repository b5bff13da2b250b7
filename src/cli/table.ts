import { wrap } from '../ui/format/text.ts'

/** The last column is never narrower than this, however wide the others are. */
const NARROWEST = 30

/** Rows as text in columns, two spaces apart; the last column is wrapped so that lines are at most `width` wide. */
export function table(rows: readonly (readonly string[])[], width = 100): string {
  const last = Math.max(0, ...rows.map((cells) => cells.length - 1))
  const widths = Array.from({ length: last }, (_, place) =>
    Math.max(...rows.map((cells) => (cells[place] ?? '').length)),
  )
  const indent = widths.reduce((sum, each) => sum + each + 2, 0)
  return rows
    .flatMap((cells) => {
      const head = widths.map((each, place) => `${(cells[place] ?? '').padEnd(each)}  `).join('')
      const lines = wrap(cells[last] ?? '', Math.max(NARROWEST, width - indent))
      return (lines.length === 0 ? [''] : lines).map((line, i) =>
        `${i === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd(),
      )
    })
    .join('\n')
}
