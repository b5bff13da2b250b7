import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import type { PlannedChange } from '../../events/events.ts'
import type { Palette } from './palette.ts'
import { linesOf } from './text.ts'

/** A change as a unified diff. */
export function diffLines({ subject, before, after }: NonNullable<PlannedChange['diff']>, paint: Palette): string[] {
  const patch = createTwoFilesPatch(subject, subject, before, after, 'before', 'after', {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  })
  return linesOf(patch).map((line) => {
    if (line.startsWith('---') || line.startsWith('+++')) return paint.bold(line.replace('\t', ' '))
    if (line.startsWith('+')) return paint.green(line)
    if (line.startsWith('-')) return paint.red(line)
    return line.startsWith('@@') ? paint.cyan(line) : line
  })
}
