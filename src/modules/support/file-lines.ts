import { expandMatch, linePattern } from './line-pattern.ts'

/** Parameters of `lineinfile`. */
export interface LineEdit {
  readonly state: 'present' | 'absent'
  readonly line?: string | undefined
  /** Python's regular expression. */
  readonly regexp?: string | undefined
  /** A part of the line. */
  readonly search_string?: string | undefined
  readonly backrefs: boolean
  /** `EOF`, `BOF`, or an expression: after its last match. */
  readonly insertafter?: string | undefined
  /** `BOF`, or an expression: before its last match. */
  readonly insertbefore?: string | undefined
  /** The first match counts, not the last. */
  readonly firstmatch?: boolean
}

/**
 * Edits a text as Ansible's lineinfile does; returns the same text if nothing changes.
 *
 * @throws {PatternError} a regular expression is wrong, or `line` names a group that it does not have.
 */
export function editLines(text: string, request: LineEdit): string {
  const lines = text.split('\n')
  const endsWithNewline = lines.at(-1) === ''
  if (endsWithNewline) lines.pop()
  const edited =
    request.state === 'absent'
      ? removeLines(lines, endsWithNewline, request)
      : placeLine(lines, endsWithNewline, request)
  if (edited === lines) return text
  // A line appended to an unterminated last line terminates it; without lines the file is empty.
  const finished = endsWithNewline || edited.length > lines.length
  return edited.length === 0 ? '' : edited.join('\n') + (finished ? '\n' : '')
}

type Lines = string[]

const bare = (line: string): string => line.replace(/\r$/, '')

/** Lines as expressions see them: with their newline. */
const withNewlines = (lines: Lines, endsWithNewline: boolean): Lines =>
  lines.map((line, at) => bare(line) + (at < lines.length - 1 || endsWithNewline ? '\n' : ''))

const findIn = (lines: Lines, firstmatch: boolean | undefined, matches: (line: string) => boolean): number =>
  firstmatch === true ? lines.findIndex(matches) : lines.findLastIndex(matches)

/** Which lines to replace or to remove; undefined: those that are equal to `line`. */
function selectorOf({ regexp, search_string }: LineEdit): ((line: string) => boolean) | undefined {
  if (regexp !== undefined) {
    const pattern = linePattern(regexp)
    return (line) => pattern.test(line)
  }
  return search_string === undefined ? undefined : (line) => line.includes(search_string)
}

function removeLines(lines: Lines, endsWithNewline: boolean, request: LineEdit): Lines {
  const isSelected = selectorOf(request) ?? ((text: string) => text.replace(/\n$/, '') === request.line)
  const all = withNewlines(lines, endsWithNewline)
  const remaining = lines.filter((_, at) => !isSelected(all[at] as string))
  return remaining.length === lines.length ? lines : remaining
}

function placeLine(lines: Lines, endsWithNewline: boolean, request: LineEdit): Lines {
  const { line = '', regexp, backrefs, firstmatch } = request
  const isSelected = selectorOf(request)
  const all = withNewlines(lines, endsWithNewline)
  const at = isSelected === undefined ? -1 : findIn(all, firstmatch, isSelected)
  if (at !== -1) {
    const current = bare(lines[at] ?? '')
    const match = backrefs ? linePattern(regexp ?? '').exec(all[at] as string) : null
    const wanted = match === null ? line : expandMatch(line, match).replace(/\n$/, '')
    return wanted === current ? lines : lines.with(at, wanted + ((lines[at] ?? '').endsWith('\r') ? '\r' : ''))
  }
  const isLine = (text: string | undefined): boolean => text !== undefined && bare(text) === line
  const first = lines.findIndex(isLine)
  if (backrefs || (first !== -1 && !isAfterFirstMatch(first, all, request))) return lines
  const place = insertionPoint(all, request)
  return first !== -1 && isLine(lines[place]) ? lines : lines.toSpliced(place, 0, line)
}

/** With `firstmatch`, only lines before the first one that `insertafter` or `insertbefore` matches are compared. */
function isAfterFirstMatch(at: number, lines: Lines, { insertafter, insertbefore, firstmatch }: LineEdit): boolean {
  const anchor = insertbefore ?? insertafter
  if (firstmatch !== true || anchor === undefined || anchor === 'BOF' || insertafter === 'EOF') return false
  const pattern = linePattern(anchor)
  return lines.slice(0, at).some((text) => pattern.test(text))
}

function insertionPoint(lines: Lines, { insertafter, insertbefore, firstmatch }: LineEdit): number {
  if (insertbefore === 'BOF' || insertafter === 'BOF') return 0
  const anchor = insertbefore ?? insertafter
  if (anchor === undefined || insertafter === 'EOF') return lines.length
  const pattern = linePattern(anchor)
  const at = findIn(lines, firstmatch, (text) => pattern.test(text))
  if (at === -1) return lines.length
  return insertbefore === undefined ? at + 1 : at
}
