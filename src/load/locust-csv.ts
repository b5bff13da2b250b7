import { CsvError, parse } from 'csv-parse/sync'
import { Refusal } from './plan.ts'

/** A row of `_stats.csv`; times in milliseconds. */
export interface LocustRow {
  /** Empty for the aggregate. */
  readonly method: string
  readonly name: string
  readonly requests: number
  readonly failures: number
  readonly mean: number
  readonly max: number
  readonly requestsPerSecond: number
  /** By number: `95`. Empty without requests. */
  readonly percentiles: Readonly<Record<string, number>>
}

/** A `_stats.csv`. */
export interface LocustStats {
  readonly file: string
  readonly kinds: readonly LocustRow[]
  readonly total: LocustRow
}

/** The aggregate at one time, in `_stats_history.csv`. */
export interface LocustMoment {
  /** Unix time, in seconds. */
  readonly time: number
  readonly users: number
  /** Since the start of the test. */
  readonly requests: number
  readonly failures: number
  /** Mean response time since the start of the test, in milliseconds. */
  readonly mean: number
}

/** The name of Locust's row of all requests. */
const AGGREGATE = 'Aggregated'

const STATS = {
  Type: 'text',
  Name: 'text',
  'Request Count': 'number',
  'Failure Count': 'number',
  'Average Response Time': 'number',
  'Max Response Time': 'number',
  'Requests/s': 'number',
} as const

const HISTORY = {
  Timestamp: 'number',
  'User Count': 'number',
  Name: 'text',
  'Total Request Count': 'number',
  'Total Failure Count': 'number',
  'Total Average Response Time': 'number',
} as const

/**
 * Reads a `_stats.csv` of Locust 1.0 or newer.
 *
 * @throws {Refusal} with file and line, if it is not one or is incomplete.
 */
export function readLocustStats(file: string, text: string): LocustStats {
  const { columns, rows } = readTable(file, text, '_stats.csv', STATS)
  const percentileColumns = columns.filter((column) => /^\d+(\.\d+)?%$/.test(column))
  const all = rows.map(
    ({ text, number, cell }): LocustRow => ({
      method: text('Type'),
      name: text('Name'),
      requests: number('Request Count'),
      failures: number('Failure Count'),
      mean: number('Average Response Time'),
      max: number('Max Response Time'),
      requestsPerSecond: number('Requests/s'),
      percentiles: Object.fromEntries(
        percentileColumns
          .filter((column) => cell(column) !== 'N/A')
          .map((column) => [column.slice(0, -1), number(column)]),
      ),
    }),
  )
  const total = all.at(-1)
  // Locust writes it last, without a method; before 1.2 that was Python's "None".
  if (total?.name !== AGGREGATE || !['', 'None'].includes(total.method))
    throw new Refusal(
      `${file}:${rows.at(-1)?.line ?? 1}: the last row must be "${AGGREGATE}": the file is truncated; ` +
        'use the complete _stats.csv of the test',
    )
  return { file, kinds: all.slice(0, -1), total }
}

/**
 * Reads the aggregate rows of a `_stats_history.csv` of Locust 1.0 or newer.
 *
 * @throws {Refusal} with file and line, if it is not one or is incomplete.
 */
export function readLocustHistory(file: string, text: string): LocustMoment[] {
  let last = 0
  return readTable(file, text, '_stats_history.csv', HISTORY)
    .rows.filter(({ text }) => text('Name') === AGGREGATE)
    .map(({ line, number }) => {
      const time = number('Timestamp')
      if (time < last) throw new Refusal(`${file}:${line}: the time goes backwards; expected the history of one test`)
      last = time
      return {
        time,
        users: number('User Count'),
        requests: number('Total Request Count'),
        failures: number('Total Failure Count'),
        mean: number('Total Average Response Time'),
      }
    })
}

interface TableRow<Column extends string> {
  readonly line: number
  /** Any column of the file. */
  readonly cell: (column: string) => string
  readonly text: (column: Column) => string
  readonly number: (column: string) => number
}

/** @param required - the columns that must exist, and what they hold. */
function readTable<Column extends string>(
  file: string,
  text: string,
  kind: string,
  required: Readonly<Record<Column, 'text' | 'number'>>,
): { columns: readonly string[]; rows: TableRow<Column>[] } {
  const [head, ...records] = parseRecords(file, text, kind)
  if (head === undefined) throw new Refusal(`${file}: the file is empty; expected a ${kind} of Locust`)
  const columns = head.cells
  const missing = Object.keys(required).filter((column) => !columns.includes(column))
  if (missing.length > 0) throw new Refusal(`${file}:${head.line}: ${columnsProblem(columns, missing, kind)}`)
  if (records.length === 0)
    throw new Refusal(`${file}:${head.line}: no rows below the header: the file is truncated, or nothing was measured`)
  const rows = records.map(({ cells, line }): TableRow<Column> => {
    if (cells.length !== columns.length)
      throw new Refusal(
        `${file}:${line}: ${cells.length} cells, but ${columns.length} columns: the line is truncated or edited; ` +
          `use the ${kind} as Locust wrote it`,
      )
    const cell = (column: string): string => cells[columns.indexOf(column)] ?? ''
    return {
      line,
      cell,
      text: cell,
      number: (column) => {
        const value = cell(column)
        if (!/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value.trim()))
          throw new Refusal(`${file}:${line}: "${column}" must be a number, not "${value}"`)
        return Number(value)
      },
    }
  })
  return { columns, rows }
}

/** What a file with other columns is, and what to use instead. */
function columnsProblem(columns: readonly string[], missing: readonly string[], kind: string): string {
  const [first = ''] = columns
  if (columns.length === 1 && first.includes(';'))
    return `the columns are separated by ";", as spreadsheets save them; use the ${kind} as Locust wrote it`
  if (columns.includes('Timestamp') && kind === '_stats.csv')
    return 'this is a history (_stats_history.csv); specify the _stats.csv, and Labbook finds the history beside it'
  if (columns.includes('Occurrences')) return `these are failures (_failures.csv); expected a ${kind}`
  if (columns.includes('# requests'))
    return `this is from a Locust older than 1.0; expected a ${kind} of Locust 1.0 or newer`
  return `not a ${kind} of Locust: no column ${missing.map((column) => `"${column}"`).join(', ')}`
}

/** @returns the non-empty lines. `line` is the last line of a record. */
function parseRecords(file: string, text: string, kind: string): { cells: string[]; line: number }[] {
  try {
    const records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as { record: string[]; info: { lines: number } }[]
    return records.map(({ record, info }) => ({ cells: record, line: info.lines }))
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const { lines } = error as unknown as { lines?: number }
    throw new Refusal(
      `${file}${lines === undefined ? '' : `:${lines}`}: not valid CSV: ${error.message}; expected a ${kind} of Locust`,
    )
  }
}
