import { tableLines } from '../text/table.ts'
import { wrap } from '../ui/format/text.ts'

/** The minimum width of the last column. */
const MIN_LAST_WIDTH = 30

/** Formats rows in columns, two spaces apart; the last column is wrapped at `width`. */
export function table(rows: readonly (readonly string[])[], width = 100): string {
  const last = Math.max(0, ...rows.map((cells) => cells.length - 1))
  const heads = rows.map((cells) => Array.from({ length: last }, (_, column) => cells[column] ?? ''))
  const headWidth = last === 0 ? 0 : Math.max(...tableLines(heads).map((line) => line.length)) + 2
  const lastWidth = Math.max(MIN_LAST_WIDTH, width - headWidth)
  return tableLines(rows.map((cells, i) => [...(heads[i] ?? []), wrap(cells[last] ?? '', lastWidth).join('\n')])).join(
    '\n',
  )
}
