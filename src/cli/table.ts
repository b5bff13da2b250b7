import { wrap } from '../ui/format/text.ts'

/** The minimum width of the last column. */
const MIN_LAST_WIDTH = 30

/** Formats rows in columns, two spaces apart; the last column is wrapped at `width`. */
export function table(rows: readonly (readonly string[])[], width = 100): string {
  const last = Math.max(0, ...rows.map((cells) => cells.length - 1))
  const widths = Array.from({ length: last }, (_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  )
  const indent = widths.reduce((sum, columnWidth) => sum + columnWidth + 2, 0)
  return rows
    .flatMap((cells) => {
      const head = widths.map((columnWidth, column) => `${(cells[column] ?? '').padEnd(columnWidth)}  `).join('')
      const lines = wrap(cells[last] ?? '', Math.max(MIN_LAST_WIDTH, width - indent))
      return (lines.length === 0 ? [''] : lines).map((line, i) =>
        `${i === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd(),
      )
    })
    .join('\n')
}
