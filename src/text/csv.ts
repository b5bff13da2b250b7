import { stringify } from 'csv-stringify/sync'

/**
 * Formats rows as CSV (RFC 4180). An undefined cell is empty.
 *
 * @param lineEnd - RFC 4180 has `\r\n`.
 */
export const csvText = (
  rows: readonly (readonly (string | number | undefined)[])[],
  lineEnd: '\n' | '\r\n' = '\n',
): string =>
  stringify(
    rows.map((cells) => [...cells]),
    { record_delimiter: lineEnd },
  )
