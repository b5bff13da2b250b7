import { posix } from 'node:path'
import { quote, raw, sh } from '../../shell/quote.ts'
import { grepPattern } from './grep-pattern.ts'
import { matchPattern } from './line-pattern.ts'
import { octal } from './params.ts'

/** Parameters of `find`. */
export interface FindParams {
  readonly paths: readonly string[]
  readonly patterns: readonly string[]
  readonly excludes: readonly string[]
  readonly contains?: string | undefined
  readonly file_type: 'any' | 'directory' | 'file' | 'link'
  /** Seconds. */
  readonly age?: number | undefined
  readonly age_stamp: 'atime' | 'ctime' | 'mtime'
  /** Bytes. */
  readonly size?: number | undefined
  readonly recurse: boolean
  readonly depth?: number | undefined
  readonly hidden: boolean
  readonly follow: boolean
  readonly get_checksum: boolean
  readonly checksum_algorithm: string
  readonly use_regex: boolean
  readonly mode?: number | undefined
  readonly exact_mode: boolean
  readonly limit?: number | undefined
}

/** A file, with Ansible's names. */
export interface FoundFile {
  readonly path: string
  /** `0644` */
  readonly mode: string
  readonly isdir: boolean
  readonly ischr: boolean
  readonly isblk: boolean
  readonly isreg: boolean
  readonly isfifo: boolean
  readonly islnk: boolean
  readonly issock: boolean
  readonly uid: number
  readonly gid: number
  readonly pw_name: string
  readonly gr_name: string
  readonly size: number
  readonly inode: number
  readonly dev: number
  readonly nlink: number
  /** Seconds since 1970. */
  readonly atime: number
  readonly mtime: number
  readonly ctime: number
  readonly checksum?: string
}

const FORMAT = '%f %u %g %s %i %d %h %X %Y %Z %U %G %n'
const TYPES = { directory: 'd', file: 'f', link: 'l' } as const

/** In a pattern of `find`, a backslash quotes; in one of Python it does not. */
const nameTest = (pattern: string): string => sh`-name ${pattern.replaceAll('\\', '\\\\')}`

const anyOf = (tests: readonly string[]): string => `\\( ${tests.join(' -o ')} \\)`

/** Directories that cannot be listed, or whose entries cannot be examined. */
const CLOSED =
  'for lb_d do if [ ! -r "$lb_d" ]; then printf "unreadable %s\\n" "$lb_d"; elif [ ! -x "$lb_d" ]; then printf "unsearchable %s\\n" "$lb_d"; fi; done'

/** A read-only script that lists what `find` finds, by what its command can select. */
export function findProbe(params: FindParams): string {
  const { patterns, excludes, file_type, use_regex, hidden, recurse, depth, follow, contains } = params
  const tests = [
    ...(file_type === 'any' ? [] : [`-type ${TYPES[file_type]}`]),
    ...(hidden ? [] : ["! -name '.*'"]),
    ...(use_regex || patterns.length === 0 ? [] : [anyOf(patterns.map(nameTest))]),
    ...(use_regex || excludes.length === 0 ? [] : [`! ${anyOf(excludes.map(nameTest))}`]),
  ]
  const levels = recurse ? depth : 1
  const pattern = contains === undefined || file_type !== 'file' ? undefined : grepPattern(`^(?:${contains})`)
  const content = typeof pattern === 'string' ? [sh`-exec grep -q -E -e ${pattern} -- {} \\;`] : []
  const entries = [
    ...tests.map((test) => (follow && test.startsWith('-type') ? typeOfEntry(file_type) : test)),
    ...content,
  ]
  const walk = `find ${follow ? '-L' : '-H'} "$1" -mindepth 1${levels === undefined ? '' : ` -maxdepth ${levels}`}`
  return [
    `lb_closed() { ${CLOSED}; }`,
    'lb_one() { [ -d "$1" ] || { printf \'skipped %s\\n\' "$1"; return; }',
    'lb_closed "$1"',
    // In parentheses, or after another one, busybox ignores `-exec +`.
    ...(recurse ? [sh`${raw(walk)} -type d -exec sh -c ${CLOSED} sh {} + 2>/dev/null`] : []),
    // With -L, the tests would be about what links lead to: the type is that of the entry itself.
    `${walk} -path '*\n*' -exec printf 'newline %s\\n' "$1" \\; -o ${entries.join(' ')} -exec ${listing(params)} 2>/dev/null; }`,
    'lb_real() { printf \'real %s\\n\' "$(readlink -f -- "$1")"; }',
    "date '+now %s'",
    ...params.paths.flatMap((path) => [`lb_real ${quote(path)}`, `lb_one ${quote(path)}`]),
    ':',
  ].join('\n')
}

/** `-xtype` looks at the entry itself where -L follows links. */
const typeOfEntry = (type: FindParams['file_type']): string =>
  type === 'any' ? '' : sh`-exec sh -c ${entryTest(TYPES[type])} sh {} \\;`

const entryTest = (type: 'd' | 'f' | 'l'): string =>
  type === 'l' ? '[ -L "$1" ]' : `[ ! -L "$1" ] && [ -${type} "$1" ]`

/** Links are listed themselves, never what they lead to. */
function listing({ get_checksum, checksum_algorithm }: FindParams): string {
  const stat = sh`stat -c ${`file ${FORMAT}`} --`
  if (!get_checksum) return `${stat} {} +`
  const each = `for f do ${stat} "$f"; if [ -f "$f" ] && [ ! -L "$f" ]; then s=$(${checksum_algorithm}sum <"$f"); echo "sum \${s%% *}"; fi; done`
  return sh`sh -c ${each} sh {} +`
}

/** Output of {@link findProbe}. */
export interface Found {
  /** Seconds since 1970 on the host. */
  readonly now: number
  readonly files: readonly FoundFile[]
  /** Paths that are no directories, and directories below them that cannot be read, with the reasons. */
  readonly skipped: ReadonlyMap<string, string>
  /** A path is no directory, or the entries of a directory cannot be examined. */
  readonly isIncomplete: boolean
  /** Where the paths lead. */
  readonly real: readonly string[]
  /** A path below which a name contains a newline. */
  readonly newline: string | undefined
}

export function parseFound(stdout: string): Found {
  const files: FoundFile[] = []
  const skipped = new Map<string, string>()
  const real: string[] = []
  let now = 0
  let isIncomplete = false
  let newline: string | undefined
  for (const line of stdout.split('\n')) {
    const at = line.indexOf(' ')
    const [kind, rest] = [line.slice(0, at), line.slice(at + 1)]
    // As in Ansible, a directory that cannot be listed does not count.
    isIncomplete ||= kind === 'skipped' || kind === 'unsearchable'
    if (kind === 'now') now = Number(rest)
    else if (kind === 'newline') newline = rest
    else if (kind === 'skipped') skipped.set(rest, `'${rest}' is not a directory`)
    else if (kind === 'unreadable' || kind === 'unsearchable')
      skipped.set(posix.normalize(rest), `[Errno 13] Permission denied: '${posix.normalize(rest)}'`)
    else if (kind === 'real' && rest !== '') real.push(rest)
    else if (kind === 'file') files.push(fileIn(rest))
    else if (kind === 'sum') files.push({ ...(files.pop() as FoundFile), checksum: rest })
  }
  return { now, files, skipped, isIncomplete, newline, real }
}

function fileIn(line: string): FoundFile {
  const words = line.split(' ')
  const [bits = '', ...numbers] = words.slice(0, 10)
  const [uid = 0, gid = 0, size = 0, inode = 0, dev = 0, nlink = 0, atime = 0, mtime = 0, ctime = 0] =
    numbers.map(Number)
  const kind = Number.parseInt(bits, 16) >> 12
  return {
    path: posix.normalize(words.slice(12).join(' ')),
    mode: octal(Number.parseInt(bits, 16) & 0o7777),
    isdir: kind === 4,
    ischr: kind === 2,
    isblk: kind === 6,
    isreg: kind === 8,
    isfifo: kind === 1,
    islnk: kind === 10,
    issock: kind === 12,
    uid,
    gid,
    pw_name: words[10] ?? '',
    gr_name: words[11] ?? '',
    size,
    inode,
    dev,
    nlink,
    atime,
    mtime,
    ctime,
  }
}

/** Selects by what the command does not know. */
export function filterFound(params: FindParams, { now, files }: Found): readonly FoundFile[] {
  const { age, age_stamp, size, mode, exact_mode, use_regex, patterns, excludes, limit } = params
  const isMatch = (expressions: readonly string[], name: string): boolean =>
    expressions.some((pattern) => matchPattern(pattern).test(name))
  const isSelected = (file: FoundFile): boolean => {
    const name = posix.basename(file.path)
    const seconds = now - file[age_stamp]
    const bits = Number.parseInt(file.mode, 8)
    return (
      (!use_regex || ((patterns.length === 0 || isMatch(patterns, name)) && !isMatch(excludes, name))) &&
      (age === undefined || (age >= 0 ? seconds >= age : seconds <= -age)) &&
      (size === undefined || !file.isreg || (size >= 0 ? file.size >= size : file.size <= -size)) &&
      (mode === undefined || (exact_mode ? bits === mode : (bits & mode) !== 0))
    )
  }
  const selected = files.filter(isSelected)
  return limit === undefined ? selected : selected.slice(0, limit)
}
