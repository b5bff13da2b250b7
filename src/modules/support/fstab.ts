/** An entry of fstab, with Ansible's names. */
export interface FstabEntry {
  readonly src: string
  readonly name: string
  readonly fstype: string
  readonly opts: string
  readonly dump: string
  readonly passno: string
}

const FIELDS = ['src', 'name', 'fstype', 'opts', 'dump', 'passno'] as const

/** Blanks and backslashes in a field. Ansible also escapes `&`. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('&', '\\046')

const linesOf = (text: string): string[] =>
  (text.match(/[^\n]*\n|[^\n]+/g) ?? []).map((line) => line.replace(/\r?\n?$/, '\n'))

const isComment = (line: string): boolean => line.trim() === '' || line.trim().startsWith('#')

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

/** Whether a line is about another mount point than an entry. Swap has none, so its source counts. */
const isOther = (fields: readonly string[], name: string, src: string | undefined): boolean =>
  fields[1] !== escaped(name) ||
  (src !== undefined && fields[1] === 'none' && fields[2] === 'swap' && fields[0] !== src)

/** Edits the text of an fstab as Ansible's mount does, with the entry; returns the same text if nothing changes. */
export function withEntry(text: string, entry: FstabEntry): string {
  const wanted = FIELDS.map((field) => escaped(entry[field]))
  const line = `${wanted.join(' ')}\n`
  const lines = linesOf(text)
  const own = lines.map((each) => isAbout(each, entry))
  // A missing dump or passno is the number 0, which Ansible takes for another value than the text.
  const first = lines.findIndex((each, at) => own[at] === true && fieldsOf(each).join(' ') !== wanted.join(' '))
  if (!own.includes(true)) return [...lines, line].join('')
  if (first === -1) return text
  // Ansible rewrites each line from the first that differs.
  return lines.map((each, at) => (own[at] === true && at >= first ? line : each)).join('')
}

const fieldsOf = (line: string): string[] => words(line.split('#')[0] as string)

function isAbout(line: string, { name, src }: FstabEntry): boolean {
  const fields = fieldsOf(line)
  return !isComment(line) && fields.length >= 4 && fields.length <= 6 && !isOther(fields, name, src)
}

/** The text without the entries of a mount point. Ansible looks at lines with all six fields only. */
export function withoutEntry(text: string, name: string, src: string | undefined): string {
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
  return lines
    .filter((line) => {
      const fields = words(line)
      return isComment(line) || fields.length !== 6 || isOther(fields, name, src)
    })
    .join('')
}
