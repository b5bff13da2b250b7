/** Parameters of `lineinfile`. */
export interface LineEdit {
  readonly state: 'present' | 'absent'
  readonly line?: string | undefined
  /** A JavaScript regular expression. */
  readonly regexp?: string | undefined
  readonly backrefs: boolean
  /** `EOF`, or an expression: after its last match. */
  readonly insertafter?: string | undefined
  /** `BOF`, or an expression: before its last match. */
  readonly insertbefore?: string | undefined
}

/** Edits a text as Ansible's lineinfile does; returns the same text if nothing changes. */
export function editLines(text: string, request: LineEdit): string {
  const lines = text.split('\n')
  const endsWithNewline = lines.at(-1) === ''
  if (endsWithNewline) lines.pop()
  const edited = request.state === 'absent' ? removeLines(lines, request) : placeLine(lines, request)
  if (edited === lines) return text
  // A line appended to an unterminated last line terminates it; without lines the file is empty.
  const finished = endsWithNewline || edited.length > lines.length
  return edited.length === 0 ? '' : edited.join('\n') + (finished ? '\n' : '')
}

type Lines = string[]

const bare = (line: string): string => line.replace(/\r$/, '')

const lastIndex = (lines: Lines, matches: (line: string) => boolean): number =>
  lines.findLastIndex((line) => matches(bare(line)))

function removeLines(lines: Lines, { line, regexp }: LineEdit): Lines {
  const pattern = regexp === undefined ? undefined : new RegExp(regexp)
  const remaining = lines.filter((text) => !(pattern === undefined ? bare(text) === line : pattern.test(bare(text))))
  return remaining.length === lines.length ? lines : remaining
}

function placeLine(lines: Lines, request: LineEdit): Lines {
  const { line = '', regexp, backrefs } = request
  const pattern = regexp === undefined ? undefined : new RegExp(regexp)
  const at = pattern === undefined ? -1 : lastIndex(lines, (text) => pattern.test(text))
  if (pattern !== undefined && at !== -1) {
    const current = bare(lines[at] ?? '')
    const wanted = backrefs ? expand(line, pattern.exec(current)) : line
    return wanted === current ? lines : lines.with(at, wanted + ((lines[at] ?? '').endsWith('\r') ? '\r' : ''))
  }
  if (backrefs || lines.some((text) => bare(text) === line)) return lines
  return lines.toSpliced(insertionPoint(lines, request), 0, line)
}

function insertionPoint(lines: Lines, { insertafter, insertbefore }: LineEdit): number {
  if (insertbefore === 'BOF') return 0
  if (insertbefore !== undefined) {
    const at = lastIndex(lines, (text) => new RegExp(insertbefore).test(text))
    return at === -1 ? lines.length : at
  }
  if (insertafter === undefined || insertafter === 'EOF') return lines.length
  const at = lastIndex(lines, (text) => new RegExp(insertafter).test(text))
  return at === -1 ? lines.length : at + 1
}

/** Expands `\1` and `\g<name>` in a line to groups of the match. */
const expand = (line: string, match: RegExpExecArray | null): string =>
  line.replaceAll(
    /\\(?:(\d)|g<(\w+)>)/g,
    (_, index: string | undefined, name: string | undefined) =>
      (index === undefined ? (match?.groups?.[name ?? ''] ?? match?.[Number(name)]) : match?.[Number(index)]) ?? '',
  )
