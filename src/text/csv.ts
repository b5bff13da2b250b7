import { stringify } from 'csv-stringify/sync'

/** Formats rows as CSV (RFC 4180, but each line ends with `\n`). An undefined cell is empty. */
export const csvText = (rows: readonly (readonly (string | number | undefined)[])[]): string =>
  stringify(rows.map((cells) => [...cells]))
