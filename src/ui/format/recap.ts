import type { Recap, RunEnd } from '../../events/events.ts'
import { tableLines } from '../../text/table.ts'
import { paintOf, type Palette } from './palette.ts'

const SHOWN: readonly (keyof Recap)[] = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored']

/** Ansible's recap, one line per host with aligned counts; `unknown` only if there are any. */
export function recapLines(hosts: RunEnd['hosts'], paint: Palette): string[] {
  const rows = Object.entries(hosts)
  const columns: (keyof Recap)[] = rows.some(([, recap]) => recap.unknown > 0) ? [...SHOWN, 'unknown'] : [...SHOWN]
  return tableLines(
    rows.map(([host, recap]) => [
      hostPaint(recap, paint)(host),
      ':',
      ...columns.map((column) => cell(column, recap, paint)),
    ]),
    { gap: ' ' },
  )
}

function cell(column: keyof Recap, recap: Recap, paint: Palette): string {
  const text = `${column}=${recap[column]}`
  if (recap[column] === 0) return paint.dim(text)
  return paintOf(column, paint)(text)
}

function hostPaint(recap: Recap, paint: Palette): (text: string) => string {
  if (recap.failed > 0 || recap.unreachable > 0) return paint.red
  return recap.changed > 0 ? paint.yellow : paint.green
}
