import type { Notice } from '../../run/events.ts'
import type { Palette } from './palette.ts'

/** The colour of a notice's level. */
export function noticePaint(level: Notice['level'], paint: Palette): (text: string) => string {
  if (level === 'info') return paint.cyan
  return level === 'warning' ? paint.yellow : paint.red
}
