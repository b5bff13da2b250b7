import { structuredPatch } from 'diff'
import type { PlannedChange } from '../events/events.ts'
import type { Messages } from './messages/index.ts'

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'place'
  readonly text: string
}

/** In characters, both versions together. A line diff of more would take seconds. */
const MAX_DIFF = 200_000
const MAX_LINES = 200

/** A unified diff with three lines of context. */
export function diffLines(diff: NonNullable<PlannedChange['diff']>, { phrases }: Messages): DiffLine[] {
  if (diff.before.length + diff.after.length > MAX_DIFF) {
    return [{ kind: 'place', text: phrases.diffTooLarge }]
  }
  const { hunks } = structuredPatch('', '', diff.before, diff.after, '', '', { context: 3 })
  const lines = hunks.flatMap((hunk): DiffLine[] => [
    { kind: 'place', text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@` },
    ...hunk.lines.map(
      (line): DiffLine => ({
        kind: line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same',
        text: line,
      }),
    ),
  ])
  return lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, MAX_LINES), { kind: 'place', text: `... ${phrases.diffMore(lines.length - MAX_LINES)}` }]
}
