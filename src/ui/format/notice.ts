import type { Notice } from '../../run/events.ts'
import type { Palette } from './palette.ts'
import { shorten, wrap } from './text.ts'

/** The colour of a log level. */
export function noticePaint(level: Notice['level'], paint: Palette): (text: string) => string {
  if (level === 'info') return paint.cyan
  return level === 'warning' ? paint.yellow : paint.red
}

/** `warning: node1: no IPVS here`, wrapped to a terminal's width. */
export function noticeLines({ level, host, message }: Notice, paint: Palette, width: number): string[] {
  const indent = level.length + 2
  return wrap(`${host === undefined ? '' : `${host}: `}${shorten(message)}`, width - indent).map((line, i) =>
    i === 0 ? `${noticePaint(level, paint)(`${level}:`)} ${line}` : `${' '.repeat(indent)}${line}`,
  )
}
