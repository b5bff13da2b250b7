import { structuredPatch } from 'diff'
import type { PlannedChange } from '../run/events.ts'
import type { Words } from './words/index.ts'

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'place'
  readonly text: string
}

/** Characters of both texts together above which a line diff would take seconds. */
const LARGEST_DIFF = 200_000
const MOST_LINES = 200

/** A unified diff with three lines of context. */
export function diffLines(diff: NonNullable<PlannedChange['diff']>, { says }: Words): DiffLine[] {
  if (diff.before.length + diff.after.length > LARGEST_DIFF) {
    return [{ kind: 'place', text: says.diffTooLarge }]
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
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), { kind: 'place', text: `... ${says.diffMore(lines.length - MOST_LINES)}` }]
}
