import type { LogEvent } from '../../events/events.ts'
import type { Palette } from './palette.ts'
import { shorten, wrap } from './text.ts'

/** The colour of a log level. */
export function logLevelPaint(level: LogEvent['level'], paint: Palette): (text: string) => string {
  if (level === 'info') return paint.cyan
  return level === 'warning' ? paint.yellow : paint.red
}

/** `warning: node1: no IPVS here`, wrapped to a terminal's width. */
export function logLines({ level, host, message }: LogEvent, paint: Palette, width: number): string[] {
  const indent = level.length + 2
  return wrap(`${host === undefined ? '' : `${host}: `}${shorten(message)}`, width - indent).map((line, i) =>
    i === 0 ? `${logLevelPaint(level, paint)(`${level}:`)} ${line}` : `${' '.repeat(indent)}${line}`,
  )
}
