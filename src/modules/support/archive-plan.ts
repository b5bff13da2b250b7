import type { Change, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { isSet, type ArchiveParams } from './archive-scripts.ts'
import { octal } from './params.ts'
import { compareZip } from './zip-entries.ts'

/** What Ansible returns: the archive, and the directory after the task. */
export interface UnarchiveValues {
  readonly src: string
  readonly dest: string
  /** The name of Ansible's class for this kind of archive; `TarArchive` also for bzip2, xz and zstd. */
  readonly handler: string
  readonly files?: readonly string[]
  readonly state: string
  readonly uid: number
  readonly gid: number
  readonly owner: string
  readonly group: string
  readonly mode: string
  readonly size: number
}

/** What the probe has found. */
export interface ArchiveFacts {
  readonly handler: string
  readonly files: readonly string[]
  /** How the directory differs, a line each. */
  readonly differences: readonly string[]
  /** Paths below the directory with another owner, group or mode than the parameters say. */
  readonly strays: readonly string[]
  readonly real: string | undefined
  readonly directory: Omit<UnarchiveValues, 'src' | 'dest' | 'handler' | 'files'> | undefined
}

/** What the output has in lines that begin with a word. */
function linesOf(stdout: string): (word: string) => string[] {
  const found = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [, word, text] = /^(\S+) (.*)$/.exec(line) ?? []
    if (word === undefined || text === undefined) continue
    const texts = found.get(word)
    if (texts === undefined) found.set(word, [text])
    else texts.push(text)
  }
  return (word) => found.get(word) ?? []
}

/** The names in the archive. tar escapes them. */
const namesOf = (lines: (word: string) => string[]): string[] =>
  lines('handler')[0] === 'ZipArchive' ? lines('file') : lines('file').map(unescape)

/** Why the archive cannot be extracted. */
export function archiveProblem(params: ArchiveParams, observed: Observed): string | undefined {
  const { src, dest, owner, group } = params
  const words = new Set(observed.stdout.split('\n').filter((line) => /^[a-z-]+$/.test(line)))
  if (words.has('no-src')) return `archive ${src} does not exist on this host, or is no file`
  if (words.has('no-access')) return `cannot read archive ${src}: permission denied`
  if (words.has('empty')) return `archive ${src} is empty: 0 bytes`
  if (words.has('no-owner')) return `user "${owner}" does not exist on this host`
  if (words.has('no-group')) return `group "${group}" does not exist on this host`
  if (words.has('no-unzip'))
    return `${src} is a zip archive: install the package unzip on this host (that of busybox does not suffice)`
  if (words.has('no-tar')) return 'GNU tar not found on this host: install the package tar'
  if (observed.exitCode !== 0) return `cannot read archive ${src}: ${reasonOf(observed.stderr)}`
  if (!/^file /m.test(observed.stdout)) return `archive ${src} has no files`
  const names = namesOf(linesOf(observed.stdout))
  const outside = names.find((name) => name.split('/').includes('..'))
  if (outside !== undefined) return `archive ${src} has a name with "..", which may be outside dest: exclude ${outside}`
  // The scripts that set attributes have a name a line.
  const broken = isSet(params) ? names.find((name) => name.includes('\n')) : undefined
  if (broken !== undefined)
    return (
      `archive ${src} has a name with a line end, whose attributes cannot be set: ` +
      `exclude ${JSON.stringify(broken)}`
    )
  if (words.has('no-dest')) return `dest ${dest} is not a directory: create it first, with file: { state: 'directory' }`
  return undefined
}

const PACKAGES: Readonly<Record<string, string>> = { xz: 'xz-utils', bzip2: 'bzip2', zstd: 'zstd', lzip: 'lzip' }

/** The first line says why; the last that tar gives up. */
function reasonOf(stderr: string): string {
  const [first = ''] = stderr.split('\n').filter((line) => line.trim() !== '' && !/Removing leading/.test(line))
  const program = /\(child\): (\w+): Cannot exec/.exec(stderr)?.[1]
  if (program === undefined) return first.trim() || 'it is damaged, or of another kind'
  return `${program} not found on this host: install the package ${PACKAGES[program] ?? program}`
}

/** The facts of a probe without a problem. */
export function archiveFacts(params: ArchiveParams, { stdout }: Observed): ArchiveFacts {
  const lines = linesOf(stdout)
  const [handler = ''] = lines('handler')
  const isZip = handler === 'ZipArchive'
  const uid = Number(lines('uid')[0])
  const files = namesOf(lines)
  const entries = { zip: lines('zip'), crc: lines('crc'), have: lines('have') }
  const differences = isZip
    ? compareZip(entries, { umask: Number.parseInt(lines('umask')[0] ?? '', 8), uid, ...params })
    : lines('diff').filter((line) => isDifference(line, params, uid))
  const [, dirUid, dirGid, bits, size, owner = '', group = ''] =
    /^(\d+) (\d+) (\w+) (\d+) (\S+) (\S+)$/.exec(lines('stat')[0] ?? '') ?? []
  const directory = {
    state: Number.parseInt(bits ?? '', 16) >> 12 === LINK ? 'link' : 'directory',
    uid: Number(dirUid),
    gid: Number(dirGid),
    owner,
    group,
    mode: octal(Number.parseInt(bits ?? '', 16) & 0o7777),
    size: Number(size),
  }
  return {
    handler,
    files: files.map((name) => name.replace(/^\//, '')),
    differences,
    strays: lines('stray').map((path) => path.replace(/^\.\//, '')),
    real: lines('real')[0],
    directory: bits === undefined ? undefined : directory,
  }
}

/** The type of a symbolic link. */
const LINK = 10

/** `caf\303\251` as tar prints it. */
const unescape = (name: string): string =>
  name.includes('\\')
    ? Buffer.from(
        name.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) =>
          code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
        ),
        'latin1',
      ).toString('utf8')
    : name

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

const DIFFERENCE =
  /: (?:(?<attribute>Uid|Gid|Mode|Mod time) differs|(?:Symlink|Size|Device number) differs|Contents differ|File type differs|Not linked to .*|(?:Warning: )?Cannot .*|Invalid (?:owner|group).*)$/

/** Options of tar that leave an attribute as the host makes it. */
const LEAVES: Readonly<Record<string, RegExp>> = {
  Uid: /^(?:--no-same-owner|-o)$/,
  Gid: /^(?:--no-same-owner|-o)$/,
  Mode: /^--no-same-permissions$/,
  'Mod time': /^(?:-m|--touch)$/,
}

/** Whether a line of `tar --diff` is about something that extracting the archive would change. */
function isDifference(line: string, { owner, group, mode, extra_opts }: ArchiveParams, uid: number): boolean {
  const found = DIFFERENCE.exec(line)
  // Options may remove the whole name of an entry.
  if (found === null || /^tar: : /.test(line)) return false
  const attribute = found.groups?.['attribute']
  if (attribute === undefined) return true
  if (extra_opts.some((option) => LEAVES[attribute]?.test(option) === true)) return false
  if (attribute === 'Uid') return uid === 0 && owner === undefined
  if (attribute === 'Gid') return uid === 0 && group === undefined
  // For others than root, tar applies the umask.
  if (attribute === 'Mode') return uid === 0 && mode === undefined
  return true
}

/** The changes for these facts. */
export function planArchive(
  params: ArchiveParams & { readonly list_files: boolean },
  facts: ArchiveFacts,
  scripts: { readonly extract: (isZip: boolean) => string; readonly attributes: (isZip: boolean) => string },
): Plan<UnarchiveValues> {
  const { src, dest, list_files, extra_opts, owner, group, creates } = params
  const { handler, differences, strays, directory } = facts
  const isZip = handler === 'ZipArchive'
  // Options may keep what differs, a change of the owner clears the set-user-id bit, and of a name that the archive has
  // twice, tar compares both.
  const isOwned = owner !== undefined || group !== undefined
  const isTwice = new Set(facts.files).size < facts.files.length
  const mayRecur =
    isTwice || extra_opts.length > 0 || (isOwned && differences.every((line) => line.endsWith('Mode differs')))
  const values = directory && { src, dest, handler, ...(list_files ? { files: facts.files } : {}), ...directory }
  const changes: Change[] =
    differences.length > 0
      ? [
          {
            description: `extract ${src} into ${dest} (${facts.files.length} entries)`,
            script: scripts.extract(isZip),
            diff: { subject: dest, before: '', after: listed(differences) },
            ...(mayRecur && { recurs: true }),
          },
        ]
      : strays.length > 0
        ? [
            {
              description: `set owner, group and mode of what ${src} has in ${dest} (${strays.length} differ)`,
              script: scripts.attributes(isZip),
              diff: { subject: dest, before: listed(strays), after: '' },
            },
          ]
        : []
  const isSkippedThen = creates !== undefined && changes.length > 0
  return { changes, ...(values && { values }), ...(values && isSkippedThen && { changeValues: values }) }
}

const SHOWN = 50
const listed = (lines: readonly string[]): string =>
  [...lines.slice(0, SHOWN), ...(lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : [])]
    .map((line) => `${line.replace(/^tar: /, '')}\n`)
    .join('')
