import { linePattern, PatternError } from './line-pattern.ts'

/** Parameters of `blockinfile`. */
export interface BlockEdit {
  readonly state: 'present' | 'absent'
  readonly block: string
  readonly marker: string
  readonly marker_begin: string
  readonly marker_end: string
  /** `EOF`, or an expression: after its last match. */
  readonly insertafter?: string | undefined
  /** `BOF`, or an expression: before its last match. */
  readonly insertbefore?: string | undefined
  readonly append_newline: boolean
  readonly prepend_newline: boolean
}

/** The lines around the block. */
export const markerLines = ({ marker, marker_begin, marker_end }: Omit<BlockEdit, 'state'>): [string, string] => [
  marker.replaceAll('{mark}', () => marker_begin),
  marker.replaceAll('{mark}', () => marker_end),
]

/** Lines with their ends, as Python splits bytes. */
const splitLines = (text: string): string[] => text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+/g) ?? []

/**
 * Edits a text as Ansible's blockinfile does; returns the same text if nothing changes.
 *
 * @throws {PatternError} a regular expression is wrong, or has `(?m)` and follows text that is not ASCII.
 */
export function editBlock(text: string, request: BlockEdit): string {
  const { block, append_newline, prepend_newline } = request
  const present = request.state === 'present'
  const lines = splitLines(text)
  const [begin, end] = markerLines(request).map((line) => `${line}\n`) as [string, string]
  const inserted =
    present && block !== '' ? [begin, ...splitLines(block.endsWith('\n') ? block : `${block}\n`), end] : []
  const first = lines.lastIndexOf(begin)
  const last = lines.lastIndexOf(end)
  let at = Math.min(first, last)
  if (at === -1) at = insertionPoint(text, lines, request)
  else lines.splice(at, Math.max(first, last) - at + 1)
  // Ansible finishes the line before the place of the block, even if there is no block.
  const previous = lines[at - 1]
  if (previous !== undefined && !previous.endsWith('\n')) lines[at - 1] = `${previous}\n`
  if (prepend_newline && present && at > 0 && lines[at - 1] !== '\n') {
    lines.splice(at, 0, '\n')
    at += 1
  }
  lines.splice(at, 0, ...inserted)
  const next = lines[at + inserted.length]
  if (append_newline && present && next !== undefined && next !== '\n') lines.splice(at + inserted.length, 0, '\n')
  return lines.join('')
}

function insertionPoint(text: string, lines: readonly string[], { insertafter, insertbefore }: BlockEdit): number {
  if (insertbefore === 'BOF') return 0
  const anchor = insertafter === 'EOF' ? undefined : (insertafter ?? insertbefore)
  if (anchor === undefined) return lines.length
  const pattern = linePattern(anchor)
  const offset = insertafter === undefined ? 0 : 1
  // An expression with (?m) is searched in the whole text, and its first match counts.
  if (isMultiline(anchor)) {
    const match = pattern.exec(text)
    if (match === null) return lines.length
    const until = insertafter === undefined ? match.index : match.index + match[0].length
    const before = text.slice(0, until)
    if (/[^\0-\x7f]/.test(before))
      throw new PatternError(
        `there is text before the match of "${anchor}" that is not ASCII, and Ansible miscounts its lines: ` +
          'write an expression without (?m)',
      )
    return before.split('\n').length - 1 + offset
  }
  const found = lines.findLastIndex((line) => pattern.test(line))
  return found === -1 ? lines.length : found + offset
}

const isMultiline = (pattern: string): boolean => /^\(\?[a-zA-Z]*m[a-zA-Z]*\)/.test(pattern)
