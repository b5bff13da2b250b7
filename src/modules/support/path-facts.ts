import { posix } from 'node:path'
import { quote, sh, raw } from '../../shell/quote.ts'
import type { Observed } from '../observed.ts'
import { accountExists } from './accounts.ts'
import { lastLine } from './text.ts'

/** Files up to this size are fetched for a diff. */
export const DIFF_LIMIT = 256 * 1024

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
  /** How many names of the path are yet to be made, its own among them. Told where {@link Look.ancestors} asks for it. */
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
 * more to read it. Free text comes last, so that it needs no encoding and records can mask secrets in it.
 */
export function lookAt({ path, follow = false, ancestors = false, owner, group, also, read }: Look): string {
  const names = [...accountCheck('passwd', '6', owner, 'no-owner'), ...accountCheck('group', '7', group, 'no-group')]
  return [
    sh`lb_p=${path}; lb_f=; lb_l=${follow ? '-L' : ''}`,
    `[ -e "$lb_p" ] || lb_l=`,
    `if [ -e "$lb_p" ] || [ -L "$lb_p" ]; then`,
    `lb_f=$(stat $lb_l -c '%f\n%u\n%g\n%s\n%Y\n%U\n%G' -- "$lb_p") || exit`,
    'fi',
    `IFS='\n'; set -f; set -- $lb_f`,
    `if [ -n "$lb_f" ]; then printf 'there\\n%s\\n' "$lb_f"`,
    sh`else echo absent; [ -d ${posix.dirname(path)} ] || ${raw(ancestors ? MISSING : 'echo no-parent')}; fi`,
    realPath(follow),
    ...names,
    ...(also === undefined ? [] : [also]),
    `case $1 in`,
    ...(read === undefined ? [] : [`8*)`, reading(read), `;;`]),
    `a*) echo link; readlink -n -- "$lb_p" ;;`,
    `esac`,
  ].join('\n')
}

/** Builtins alone. */
const MISSING = [
  '{ lb_q=${lb_p%/*}; lb_n=1',
  'until [ -d "${lb_q:-/}" ]; do ' +
    'if [ -e "$lb_q" ] || [ -L "$lb_q" ]; then printf \'blocked %s\\n\' "$lb_n"; fi; lb_q=${lb_q%/*}; lb_n=$((lb_n + 1)); done',
  'printf \'no-parent\\nmissing %s\\n\' "$lb_n"; }',
].join('; ')

/**
 * Costs a process only where a link is in the path: the last one leads to the place. `x` keeps a newline at the end of a
 * name. A link that leads nowhere is not followed: on one that leads through itself (`a -> a/b`) readlink would go on for ever.
 */
const realPath = (follow: boolean): string =>
  [
    `lb_q=${follow ? '$lb_p' : '${lb_p%/*}'}; while [ -n "$lb_q" ] && ! [ -L "$lb_q" ]; do lb_q=\${lb_q%/*}; done`,
    'if [ -n "$lb_q" ]; then lb_r=; [ ! -e "$lb_q" ] || lb_r=$(readlink -f -- "$lb_q" 2>/dev/null && echo x); lb_r=${lb_r%?x}',
    'lb_q=${lb_r:+"$lb_r${lb_p#"$lb_q"}"}',
    `case $lb_q in /*'\n'* | [!/]* | '') echo elsewhere ;; *) printf 'really %s\\n' "$lb_q" ;; esac; fi`,
  ].join('\n')

/** Other people's read bit is set in the hexadecimal mode. What only some may read stays out of diffs and records. */
const PUBLIC = '*[4567cdef]'
const HASH = 'lb_h=$(sha256sum <"$lb_p") || exit; lb_h=${lb_h%% *}; echo "sha256 $lb_h"'
const TEXT = 'echo content; cat <"$lb_p"'

function reading(read: Reading): string {
  if (read === 'hash') return HASH
  if (read === 'diff')
    return `if [ "$4" -le ${DIFF_LIMIT} ]; then case $1 in ${PUBLIC}) ${TEXT};; *) ${HASH};; esac; else ${HASH}; fi`
  if ('text' in read) return `if [ "$4" -le ${read.text} ]; then ${TEXT}; fi`
  return [
    `lb_h=; if [ "$4" -eq ${read.size} ]; then ${HASH}; fi`,
    // What turns out to be no text is shown by its hash.
    `if [ "$lb_h" != ${quote(read.sha256)} ] && [ "$4" -le ${DIFF_LIMIT} ]; then case $1 in ${PUBLIC}) [ -n "$lb_h" ] || { ${HASH}; }; ${TEXT};; esac; fi`,
  ].join('\n')
}

function accountCheck(
  database: 'passwd' | 'group',
  argument: string,
  name: string | undefined,
  word: string,
): string[] {
  if (name === undefined || /^\d+$/.test(name)) return []
  return [sh`[ "$${raw(argument)}" = ${name} ] || ${raw(accountExists(database, name))} || echo ${word}`]
}

/** Reads what {@link lookAt} printed; a string says why it could not look. */
export function parsePathFacts({ stdout, stderr, exitCode }: Observed): PathFacts | string {
  if (exitCode !== 0) return lastLine(stderr) || `the probe ended with exit code ${exitCode}`
  const lines = stdout.split('\n')
  const there = lines.shift() === 'there'
  const [modeText = '', uid, gid, size, mtime, user = '', group = ''] = there ? lines.splice(0, 7) : []
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
