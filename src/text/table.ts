import columnify from 'columnify'

export interface TableOptions {
  /** The alignment of each column; the last one applies to all further columns. Default: to the left. */
  readonly align?: readonly ('left' | 'right')[]
  /** Between columns. Default: two spaces. */
  readonly gap?: string
}

/**
 * Aligns cells in columns, by their width on a terminal: wide characters count twice, escape sequences not at all. A
 * cell may have several lines.
 *
 * @returns the lines, without trailing spaces.
 */
export function tableLines(
  rows: readonly (readonly (string | number)[])[],
  { align = [], gap = '  ' }: TableOptions = {},
): string[] {
  if (rows.length === 0) return []
  const columns = Array.from({ length: Math.max(...rows.map((cells) => cells.length)) }, (_, column) => String(column))
  const text = columnify(
    rows.map((cells) => ({ ...cells })),
    {
      columns,
      showHeaders: false,
      preserveNewLines: true,
      columnSplitter: gap,
      config: Object.fromEntries(
        columns.map((column, i) => [column, { align: align[Math.min(i, align.length - 1)] ?? 'left' }]),
      ),
    },
  )
  return text.split('\n').map((line) => line.trimEnd())
}
