// `string-width`, which the report's terminal images use, takes 17 ms to load, this one 1 ms.
import stringWidth from 'fast-string-width'
import textTable from 'text-table'

export interface TableOptions {
  /** The alignment of each column; the last one applies to all further columns. Default: to the left. */
  readonly align?: readonly ('left' | 'right')[]
  /** Between columns. Default: two spaces. */
  readonly gap?: string
}

/**
 * Aligns cells in columns, by their width on a terminal: wide characters count twice, escape sequences not at all. A
 * cell may have several lines. (Screens print a line at a time, in columns of fixed width; these pad their cells.)
 *
 * @returns the lines, without trailing spaces.
 */
export function tableLines(
  rows: readonly (readonly (string | number)[])[],
  { align = ['left'], gap = '  ' }: TableOptions = {},
): string[] {
  if (rows.length === 0) return []
  const columns = Math.max(...rows.map((cells) => cells.length))
  return textTable(
    rows.flatMap((cells) => rowLines(cells, columns)),
    {
      align: Array.from({ length: columns }, (_, column) => ((align[column] ?? align.at(-1)) === 'right' ? 'r' : 'l')),
      hsep: gap,
      stringLength: (text) => stringWidth(text),
    },
  ).split('\n')
}

/** The rows that a row with cells of several lines fills. */
function rowLines(cells: readonly (string | number)[], columns: number): string[][] {
  const lines = Array.from({ length: columns }, (_, column) => String(cells[column] ?? '').split('\n'))
  return Array.from({ length: Math.max(...lines.map(({ length }) => length)) }, (_, i) =>
    lines.map((cell) => cell[i] ?? ''),
  )
}
