import type { RunEnd } from '../../events/events.ts'
import { duration } from './duration.ts'
import type { Palette } from './palette.ts'
import { count } from './text.ts'

/** The status of a run: `✓ Passed in 3m 12s`; in check mode, what it would do. */
export function runStatusLine(end: RunEnd, check: boolean, paint: Palette): string {
  const took = duration(end.durationMs)
  switch (end.status) {
    case 'passed':
      return `${paint.green('✓')} ${paint.bold(check ? 'Checked' : 'Passed')} in ${took}${check ? plannedChanges(end) : ''}`
    case 'failed':
      return `${paint.red('✗')} ${paint.bold(check ? 'Check failed' : 'Failed')} after ${took}${failures(end)}`
    case 'interrupted':
      return `${paint.yellow('■')} ${paint.bold('Interrupted')} after ${took}`
  }
}

const sum = (end: RunEnd, column: 'changed' | 'unknown'): number =>
  Object.values(end.hosts).reduce((total, recap) => total + recap[column], 0)

function plannedChanges(end: RunEnd): string {
  const [changed, unknown] = [sum(end, 'changed'), sum(end, 'unknown')]
  if (changed + unknown === 0) return ': nothing to change'
  return `: ${count(changed, 'task')} would make changes${unknown > 0 ? `, ${unknown} unknown` : ''}`
}

function failures(end: RunEnd): string {
  const hosts = (column: 'failed' | 'unreachable'): string[] =>
    Object.entries(end.hosts)
      .filter(([, recap]) => recap[column] > 0)
      .map(([host]) => host)
  const named = (names: string[], what: string): string[] => (names.length === 0 ? [] : [`${names.join(', ')} ${what}`])
  const parts = [...named(hosts('failed'), 'failed'), ...named(hosts('unreachable'), 'unreachable')]
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`
}
