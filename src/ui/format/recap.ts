import type { Recap, RunEnd } from '../../events/events.ts'
import { paintOf, type Palette } from './palette.ts'

const SHOWN: readonly (keyof Recap)[] = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored']

/** Ansible's recap, one line per host with aligned counts; `unknown` only if there are any. */
export function recapLines(hosts: RunEnd['hosts'], paint: Palette): string[] {
  const rows = Object.entries(hosts)
  const columns: (keyof Recap)[] = rows.some(([, recap]) => recap.unknown > 0) ? [...SHOWN, 'unknown'] : [...SHOWN]
  const hostWidth = Math.max(0, ...rows.map(([host]) => host.length))
  const widths = columns.map((column) => Math.max(...rows.map(([, recap]) => cell(column, recap).length)))
  return rows.map(([host, recap]) => {
    const cells = columns.map((column, i) => {
      const text = i === columns.length - 1 ? cell(column, recap) : cell(column, recap).padEnd(widths[i] ?? 0)
      if (recap[column] === 0) return paint.dim(text)
      return column === 'rescued' ? text : paintOf(column, paint)(text)
    })
    return `${hostPaint(recap, paint)(host.padEnd(hostWidth))} : ${cells.join(' ')}`
  })
}

const cell = (column: keyof Recap, recap: Recap): string => `${column}=${recap[column]}`

function hostPaint(recap: Recap, paint: Palette): (text: string) => string {
  if (recap.failed > 0 || recap.unreachable > 0) return paint.red
  return recap.changed > 0 ? paint.yellow : paint.green
}
