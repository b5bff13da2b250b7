import { posix } from 'node:path'
import { quote, sh, raw } from '../../shell/quote.ts'
import type { Observed } from '../observed.ts'
import type { Shared } from '../../shell/shared.ts'
import { accountExists, isNumber, sharedEntry, type Shareable } from './accounts.ts'
import {
  DIFF_LIMIT,
  PUBLIC,
  sharedPath,
  SIZE,
  STAT_FORMAT,
  statVariable,
  sumVariable,
  TAB,
  type HashIf,
} from './path-collector.ts'
import { lastLine } from './text.ts'

export type PathKind = 'file' | 'directory' | 'link' | 'other'

/** What a target has at a path. */
export interface PathFacts {
  /** null: nothing is there. */
  readonly kind: PathKind | null
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly user: string
  readonly group: string
  readonly size: number
  /** Seconds since 1970. */
  readonly mtime: number
  readonly sha256: string | undefined
  /** Where fetched. Bytes that are not UTF-8 show as U+FFFD. */
  readonly content: string | undefined
  /** Where a link points to. */
  readonly target: string | undefined
  /** The folder that should hold the path is not there. Only told where the path is absent. */
  readonly noParent: boolean
  /**
   * How many names of the path are yet to be made, its own among them. Told where {@link Look.ancestors} asks for it.
   */
  readonly missing: number
  /** Something that is no directory is where one should be, so many names up. Told together with `missing`. */
  readonly blocked: number | undefined
  /** The path it really has, where a link is in it; null: cannot be told. */
  readonly really: string | null | undefined
  readonly noOwner: boolean
  readonly noGroup: boolean
  /** What {@link Look.also} printed, a word a line. */
  readonly words: ReadonlySet<string>
}

export interface Look {
  readonly path: string
  /** Looks at what a link points to. */
  readonly follow?: boolean
  /** Counts the folders that are not there either. */
  readonly ancestors?: boolean
  /** Names that must exist on the target. */
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** More read-only shell text about `"$lb_p"`, which prints single words. */
  readonly also?: string | undefined
  /** When to read the file: for its hash, or for its text. */
  readonly read?: Reading
}

export type Reading =
  | 'hash'
  /** The text, whoever may read it, up to so many bytes. */
  | { readonly text: number }
  /** The text for a diff, where all may read it; its hash otherwise. */
  | 'diff'
  /** The hash where the size is as expected; hash and text for a diff where it is another file. */
  | { readonly size: number; readonly sha256: string }

/**
 * A read-only script that prints what is at a path: one process for a path that is there, none for one that is not, one
 * more to read it; fewer where others ask together ({@link sharedLook}). Free text comes last, so that it needs no
 * encoding and records can mask secrets in it. Contained, unless `also` is not.
 */
export function lookAt({ path, follow = false, ancestors = false, owner, group, also, read }: Look): string {
  return [
    sh`lb_p=${path}; lb_f=; lb_seen=yes`,
    'if [ -e "$lb_p" ] || [ -L "$lb_p" ]; then',
    ...(follow ? ['if [ -L "$lb_p" ] && [ -e "$lb_p" ]; then', `${stat('-L ')} || lb_seen=`, 'else'] : []),
    `lb_f=\${${statVariable(path)}-}; [ -n "$lb_f" ] || ${stat()} || lb_seen=`,
    ...(follow ? ['fi'] : []),
    'fi',
    'if [ -z "$lb_seen" ]; then false; else',
    `if [ -n "$lb_f" ]; then printf 'there\\n%s\\n' "$lb_f"`,
    sh`else echo absent; [ -d ${posix.dirname(path)} ] || ${raw(ancestors ? MISSING : 'echo no-parent')}; fi`,
    realPath(follow),
    ...accountCheck('passwd', `*'${TAB}'${quote(owner ?? '')}'${TAB}'*`, owner, 'no-owner'),
    ...accountCheck('group', `*'${TAB}'${quote(group ?? '')}`, group, 'no-group'),
    ...(also === undefined ? [] : [also]),
    `case $lb_f in`,
    ...(read === undefined ? [] : [`8*)`, reading(path, read), `;;`]),
    `a*) echo link; readlink -n -- "$lb_p" ;;`,
    `esac; fi`,
  ].join('\n')
}

/** What {@link lookAt} can be told together with others. */
export function sharedLook({ path, owner, group, read }: Look): Shared[] {
  const accounts = (
    [
      ['passwd', owner],
      ['group', group],
    ] as const
  ).flatMap(([database, name]) => (name === undefined || isNumber(name) ? [] : [sharedEntry(database, name)]))
  return [...accounts, ...sharedPath(path, hashIf(read))]
}

const stat = (option = ''): string => `lb_f=$(stat ${option}-c '${STAT_FORMAT}' -- "$lb_p")`

/** Builtins alone. */
const MISSING = [
  '{ lb_q=${lb_p%/*}; lb_n=1',
  'until [ -d "${lb_q:-/}" ]; do ' +
    'if [ -e "$lb_q" ] || [ -L "$lb_q" ]; then printf \'blocked %s\\n\' "$lb_n"; fi; lb_q=${lb_q%/*}; lb_n=$((lb_n + 1)); done',
  'printf \'no-parent\\nmissing %s\\n\' "$lb_n"; }',
].join('; ')

/**
 * Costs a process only where a link is in the path: the last one leads to the place. `x` keeps a newline at the end of
 * a name. A link that leads nowhere is not followed: on one that leads through itself (`a -> a/b`) readlink would go on
 * for ever.
 */
const realPath = (follow: boolean): string =>
  [
    `lb_q=${follow ? '$lb_p' : '${lb_p%/*}'}; while [ -n "$lb_q" ] && ! [ -L "$lb_q" ]; do lb_q=\${lb_q%/*}; done`,
    'if [ -n "$lb_q" ]; then lb_r=; [ ! -e "$lb_q" ] || lb_r=$(readlink -f -- "$lb_q" 2>/dev/null && echo x); lb_r=${lb_r%?x}',
    'lb_q=${lb_r:+"$lb_r${lb_p#"$lb_q"}"}',
    `case $lb_q in /*'\n'* | [!/]* | '') echo elsewhere ;; *) printf 'really %s\\n' "$lb_q" ;; esac; fi`,
  ].join('\n')

const TEXT = '{ echo content; cat <"$lb_p"; }'

/** Ends with the exit code of what reads the file: an empty text was told, too. */
function reading(path: string, read: Reading): string {
  const sum = sumVariable(path)
  const hash = `{ lb_h=\${${sum}-}; [ -n "$lb_h" ] || { lb_h=$(sha256sum <"$lb_p") && lb_h=\${lb_h%% *}; } && echo "sha256 $lb_h"; }`
  if (read === 'hash') return hash
  if (read === 'diff')
    return `${SIZE}; if [ "$lb_z" -le ${DIFF_LIMIT} ]; then case $lb_f in ${PUBLIC}) ${TEXT};; *) ${hash};; esac; else ${hash}; fi`
  if ('text' in read) return `${SIZE}; if [ "$lb_z" -le ${read.text} ]; then ${TEXT}; fi`
  return [
    `${SIZE}; lb_h=; if [ "$lb_z" -ne ${read.size} ] || ${hash}; then`,
    // What turns out to be no text is shown by its hash.
    `if [ "$lb_h" != ${quote(read.sha256)} ] && [ "$lb_z" -le ${DIFF_LIMIT} ]; then case $lb_f in ${PUBLIC}) { [ -n "$lb_h" ] || ${hash}; } && ${TEXT};; esac; fi`,
    'else false; fi',
  ].join('\n')
}

/** When a hash is sure to be asked for. */
function hashIf(read: Reading | undefined): HashIf {
  if (read === 'hash') return 'always'
  if (read === 'diff') return 'confidential'
  return typeof read === 'object' && 'size' in read ? read.size : 'never'
}

function accountCheck(database: Shareable, asWanted: string, name: string | undefined, word: string): string[] {
  if (name === undefined || isNumber(name)) return []
  return [`case $lb_f in ${asWanted}) ;; *) ${accountExists(database, name)} || echo ${word};; esac`]
}

/** Reads what {@link lookAt} printed; a string says why it could not look. */
export function parsePathFacts({ stdout, stderr, exitCode }: Observed): PathFacts | string {
  if (exitCode !== 0) return lastLine(stderr) || `the probe ended with exit code ${exitCode}`
  const lines = stdout.split('\n')
  const there = lines.shift() === 'there'
  const [modeText = '', uid, gid, size, mtime, user = '', group = ''] = there ? (lines.shift() ?? '').split(TAB) : []
  const bits = Number.parseInt(modeText, 16)
  const facts = {
    kind: there ? kindOf(bits) : null,
    mode: bits & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    user,
    group,
    size: Number(size),
    mtime: Number(mtime),
    sha256: undefined as string | undefined,
    content: undefined as string | undefined,
    target: undefined as string | undefined,
    noParent: false,
    missing: 1,
    blocked: undefined as number | undefined,
    really: undefined as string | null | undefined,
    noOwner: false,
    noGroup: false,
    words: new Set<string>(),
  }
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === 'no-parent') facts.noParent = true
    else if (line.startsWith('missing ')) facts.missing = Number(line.slice('missing '.length))
    else if (line.startsWith('blocked ')) facts.blocked = Number(line.slice('blocked '.length))
    else if (line === 'elsewhere') facts.really = null
    else if (line.startsWith('really ')) facts.really = line.slice('really '.length).replace(/^\/\//, '/')
    else if (line === 'no-owner') facts.noOwner = true
    else if (line === 'no-group') facts.noGroup = true
    else if (line.startsWith('sha256 ')) facts.sha256 = line.slice('sha256 '.length)
    else if (line === 'content') facts.content = lines.splice(0).join('\n')
    else if (line === 'link') facts.target = lines.splice(0).join('\n')
    else if (line !== '') facts.words.add(line)
  }
  return facts
}

const KINDS: Readonly<Record<number, PathKind>> = { 8: 'file', 4: 'directory', 10: 'link' }
const kindOf = (bits: number): PathKind => KINDS[bits >> 12] ?? 'other'
