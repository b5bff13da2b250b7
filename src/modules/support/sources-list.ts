import { posix } from 'node:path'

/** A line of a sources.list: `deb http://mirror.example/debian trixie main`. */
interface SourceLine {
  readonly isSource: boolean
  readonly enabled: boolean
  /** Single spaces between its words. */
  readonly source: string
  readonly comment: string
}

/** A file with sources, and its text; null: it does not exist. */
export interface SourcesFile {
  readonly path: string
  readonly text: string | null
}

/** The new text of a file; null: the file is removed, as nothing is left in it. */
export interface SourcesEdit {
  readonly path: string
  readonly verb: 'add' | 'enable' | 'remove'
  readonly before: string | null
  readonly after: string | null
}

/** Reads a line as Ansible does: a second `#` begins a comment. */
export function parseSource(text: string): SourceLine {
  const trimmed = text.trim()
  const enabled = !trimmed.startsWith('#')
  const line = enabled ? trimmed : trimmed.slice(1)
  const at = line.indexOf('#')
  const comment = at > 0 ? line.slice(at + 1).trim() : ''
  const words = (at > 0 ? line.slice(0, at) : line).split(/\s+/).filter((word) => word !== '')
  return { isSource: words[0] === 'deb' || words[0] === 'deb-src', enabled, source: words.join(' '), comment }
}

/**
 * The path of the file for a new source.
 * @param filename - the parameter; without it, made from the URL
 */
export function sourcesPath(source: string, filename: string | undefined): string {
  return posix.resolve('/etc/apt/sources.list.d', `${filename ?? nameFromUrl(source)}.list`)
}

function nameFromUrl(source: string): string {
  const [url = ''] = source
    .replaceAll(/\[[^\]]+\]/g, '')
    .replaceAll(/\w+:\/\//g, '')
    .split(/\s+/)
    .filter((word) => word !== '' && word !== 'deb' && word !== 'deb-src')
  // Without user name and password.
  const at = url.indexOf('@')
  return url
    .slice(at + 1)
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '')
    .join('_')
}

/** Adds a source: a commented-out line of any file is enabled, otherwise the line is appended to the file `path`. */
export function addSource(files: readonly SourcesFile[], source: string, path: string): SourcesEdit[] {
  const isIn = (text: string | null): boolean => linesOf(text ?? '').some((line) => isThat(line, source))
  if (files.some(({ text }) => isIn(text)))
    return files.flatMap((file) =>
      edit(file, 'enable', (line) =>
        isThat(line, source) && !parseSource(line).enabled ? [enabledLine(line)] : [line],
      ),
    )
  const before = files.find((file) => file.path === path)?.text ?? null
  const start = before === null || before === '' || before.endsWith('\n') ? (before ?? '') : `${before}\n`
  return [{ path, verb: 'add', before, after: `${start}${source}\n` }]
}

/** Removes a source from all files; commented-out lines stay. */
export const removeSource = (files: readonly SourcesFile[], source: string): SourcesEdit[] =>
  files.flatMap((file) =>
    edit(file, 'remove', (line) => (isThat(line, source) && parseSource(line).enabled ? [] : [line])),
  )

const isThat = (line: string, source: string): boolean => {
  const parsed = parseSource(line)
  return parsed.isSource && parsed.source === source
}

const enabledLine = (line: string): string => {
  const { source, comment } = parseSource(line)
  return comment === '' ? source : `${source} # ${comment}`
}

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')

function edit(
  { path, text }: SourcesFile,
  verb: SourcesEdit['verb'],
  replace: (line: string) => string[],
): SourcesEdit[] {
  if (text === null || text === '') return []
  const lines = linesOf(text)
  const edited = lines.flatMap(replace)
  if (edited.length === lines.length && edited.every((line, at) => line === lines[at])) return []
  return [{ path, verb, before: text, after: edited.length === 0 ? null : `${edited.join('\n')}\n` }]
}
