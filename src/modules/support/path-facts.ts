import { posix } from 'node:path'
import { quote, sh, raw } from '../../shell/quote.ts'
import type { Observed } from '../script-output.ts'
import { shellFunction, variableSuffix, type FactQuery } from '../../shell/fact-queries.ts'
import { accountExists, isNumber, batchedEntry, type PublicDatabase } from './accounts.ts'
import {
  DIFF_LIMIT,
  PUBLIC,
  batchedPath,
  SIZE,
  STAT_FORMAT,
  statVariable,
  sumVariable,
  TAB,
  type HashIf,
} from './path-batch.ts'
import { accessProbe, type AccessQuery } from './path-access-probe.ts'
import { lastLine } from './text.ts'

export type PathKind = 'file' | 'directory' | 'link' | 'other'

/** Facts about a path on the host. */
export interface PathFacts {
  /** null: nothing exists. */
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
  /** If it was fetched. Bytes that are not UTF-8 show as U+FFFD. */
  readonly content: string | undefined
  /** Target of a link. */
  readonly target: string | undefined
  /** The parent directory does not exist. Set only if the path is absent. */
  readonly noParent: boolean
  /** Number of missing components of the path, the last included. Set if {@link PathQuery.ancestors} requests it. */
  readonly missingLevels: number
  /** A component this many levels up exists and is not a directory. Set together with `missing`. */
  readonly blockedLevels: number | undefined
  /** The real path, if the path contains a link; null: unknown. */
  readonly realPath: string | null | undefined
  /** The path is a directory, and the facts are about {@link PathQuery.nameInDirectory} in it. */
  readonly isInDirectory: boolean
  /** A link that was not followed leads to a directory. */
  readonly leadsToDirectory: boolean
  readonly noOwner: boolean
  readonly noGroup: boolean
  /** Output of {@link PathQuery.extraProbe}, a word a line. */
  readonly words: ReadonlySet<string>
}

export interface PathQuery {
  /** null: the shell variable `lb_p` has the path. */
  readonly path: string | null
  /** Follow links. */
  readonly follow?: boolean
  /** If the path is a directory, or a link to one: query the file of this name in it. */
  readonly nameInDirectory?: string | undefined
  /** What a change would need to be permitted, for `path-access.ts`. */
  readonly access?: AccessQuery
  /** Count missing parent directories. */
  readonly ancestors?: boolean
  /** Accounts that must exist on the host. */
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Additional read-only shell text about `"$lb_p"`, which prints single words. */
  readonly extraProbe?: string | undefined
  /** Whether to read the file: for its hash, or for its text. */
  readonly read?: ReadMode
}

export type ReadMode =
  | 'hash'
  /** The text, regardless of its mode, up to this many bytes. `hash`: the hash too, which tells whether it is UTF-8. */
  | { readonly text: number; readonly hash?: boolean }
  /** The text for a diff, if it is world-readable; its hash otherwise. */
  | 'diff'
  /** The hash if the size is as expected; hash, and text for a diff, if the file differs. */
  | { readonly size: number; readonly sha256: string }

/**
 * A read-only script that prints facts about a path: one process for an existing path, none for a missing one, one more
 * to read it; fewer in a batch ({@link batchedPathFacts}). Free text comes last, so that it needs no encoding and
 * records can mask secrets in it. Has no side effects on its shell but for `lb_` functions and variables, unless
 * `extraProbe` has.
 */
export function pathProbe(query: PathQuery): string {
  const { path, follow = false, nameInDirectory, access, ancestors = false, owner, group, extraProbe, read } = query
  const isInDirectory = nameInDirectory !== undefined
  return [
    functionsOf(query).join('') + (path === null ? ':' : sh`lb_p=${path}`),
    'lb_f=; lb_seen=yes; lb_q=',
    ...(isInDirectory ? [sh`if [ -d "$lb_p" ]; then lb_q=in; lb_p=\${lb_p%/}/${nameInDirectory}; fi`] : []),
    'if [ -e "$lb_p" ] || [ -L "$lb_p" ]; then',
    ...(follow ? ['if [ -L "$lb_p" ] && [ -e "$lb_p" ]; then', `${stat('-L ')} || lb_seen=`, 'else'] : []),
    ...(path === null ? [] : [`[ -n "$lb_q" ] || lb_f=\${${statVariable(path)}-}`]),
    'lb_path_stat',
    ...(follow ? ['fi'] : []),
    'fi',
    'if [ -z "$lb_seen" ]; then false; else',
    `if [ -n "$lb_f" ]; then printf 'there\\n%s\\n' "$lb_f"`,
    sh`else echo absent; [ -n "$lb_q" ] || [ -d ${directoryOf(path)} ] || ${raw(ancestors ? 'lb_path_missing' : 'echo no-parent')}; fi`,
    ...(isInDirectory ? ['[ -z "$lb_q" ] || echo in-directory'] : []),
    follow ? 'lb_path_real_followed' : 'lb_path_real',
    ...(access === undefined ? [] : [`lb_path_${access}`]),
    ...accountCheck('passwd', `*'${TAB}'${quote(owner ?? '')}'${TAB}'*`, owner, 'no-owner'),
    ...accountCheck('group', `*'${TAB}'${quote(group ?? '')}`, group, 'no-group'),
    ...(extraProbe === undefined ? [] : [extraProbe]),
    `case $lb_f in`,
    ...(read === undefined ? [] : [`8*)`, reading(path, read), `;;`]),
    `a*) lb_path_link ;;`,
    `esac; fi`,
  ].join('\n')
}

/** The batched facts that {@link pathProbe} uses. */
export function batchedPathFacts(query: PathQuery): FactQuery[] {
  const { path, read } = query
  const accounts = accountsOf(query).map(([database, name]) => batchedEntry(database, name))
  const [first, ...others] = [...accounts, ...(path === null ? [] : batchedPath(path, hashIf(read)))]
  return first === undefined ? [] : [{ ...first, functions: functionsOf(query) }, ...others]
}

const accountsOf = ({ owner, group }: PathQuery): [PublicDatabase, string][] =>
  (
    [
      ['passwd', owner],
      ['group', group],
    ] as const
  ).flatMap(([database, name]): [PublicDatabase, string][] =>
    name === undefined || isNumber(name) ? [] : [[database, name]],
  )

const directoryOf = (path: string | null) => (path === null ? raw('"${lb_p%/*}/"') : posix.dirname(path))

const stat = (option = ''): string => `lb_f=$(stat ${option}-c '${STAT_FORMAT}' -- "$lb_p")`

/** Builtins only. */
const MISSING = [
  '{ lb_q=${lb_p%/*}; lb_n=1',
  'until [ -d "${lb_q:-/}" ]; do ' +
    'if [ -e "$lb_q" ] || [ -L "$lb_q" ]; then printf \'blocked %s\\n\' "$lb_n"; fi; lb_q=${lb_q%/*}; lb_n=$((lb_n + 1)); done',
  'printf \'no-parent\\nmissing %s\\n\' "$lb_n"; }',
].join('; ')

/**
 * Costs a process only if the path contains a link. `x` preserves a trailing newline of a name. A dangling link is not
 * resolved: on one that leads through itself (`a -> a/b`) readlink would not terminate.
 */
const realPath = (follow: boolean): string =>
  [
    `lb_q=${follow ? '$lb_p' : '${lb_p%/*}'}; while [ -n "$lb_q" ] && ! [ -L "$lb_q" ]; do lb_q=\${lb_q%/*}; done`,
    'if [ -n "$lb_q" ]; then lb_r=; [ ! -e "$lb_q" ] || lb_r=$(readlink -f -- "$lb_q" 2>/dev/null && echo x); lb_r=${lb_r%?x}',
    'lb_q=${lb_r:+"$lb_r${lb_p#"$lb_q"}"}',
    `case $lb_q in /*'\n'* | [!/]* | '') echo elsewhere ;; *) printf 'really %s\\n' "$lb_q" ;; esac; fi`,
  ].join('\n')

const TEXT = '{ echo content; cat <"$lb_p"; }'

/** `$lb_k` is the hash, if a batch has queried it. */
const HASH =
  '{ lb_h=$lb_k; [ -n "$lb_h" ] || { lb_h=$(sha256sum <"$lb_p") && lb_h=${lb_h%% *}; } && echo "sha256 $lb_h"; }'

/** Exits with the code of the command that reads the file: an empty text counts as read. */
function reading(path: string | null, read: ReadMode): string {
  const known = `lb_k=${path === null ? '' : `\${${sumVariable(path)}-}`}`
  if (read === 'hash') return `${known}; ${HASH}`
  if (read === 'diff') return `${known}; lb_path_diff`
  if ('text' in read)
    return `${SIZE}; if [ "$lb_z" -le ${read.text} ]; then ${read.hash === true ? `${known}; ${HASH} && ` : ''}${TEXT}; fi`
  return `${known}; lb_n=${read.size}; lb_e=${quote(read.sha256)}; lb_path_compare`
}

const FUNCTIONS = {
  stat: shellFunction('lb_path_stat', `[ -n "$lb_f" ] || ${stat()} || lb_seen=`),
  missing: shellFunction('lb_path_missing', MISSING),
  real: shellFunction('lb_path_real', realPath(false)),
  realFollowed: shellFunction('lb_path_real_followed', realPath(true)),
  change: shellFunction('lb_path_change', accessProbe('change')),
  remove: shellFunction('lb_path_remove', accessProbe('remove')),
  diff: shellFunction(
    'lb_path_diff',
    `${SIZE}; if [ "$lb_z" -le ${DIFF_LIMIT} ]; then case $lb_f in ${PUBLIC}) ${TEXT};; *) ${HASH};; esac; else ${HASH}; fi`,
  ),
  // With the size `$lb_n` and the hash `$lb_e`. Binary content is shown by its hash.
  compare: shellFunction(
    'lb_path_compare',
    [
      `${SIZE}; lb_h=; if [ "$lb_z" -ne "$lb_n" ] || ${HASH}; then`,
      `if [ "$lb_h" != "$lb_e" ] && [ "$lb_z" -le ${DIFF_LIMIT} ]; then case $lb_f in ${PUBLIC}) { [ -n "$lb_h" ] || ${HASH}; } && ${TEXT};; esac; fi`,
      'else false; fi',
    ].join('\n'),
  ),
  link: shellFunction('lb_path_link', '[ ! -d "$lb_p" ] || echo to-directory; echo link; readlink -n -- "$lb_p"'),
} as const

/** The functions that a probe calls. */
function functionsOf(query: PathQuery): string[] {
  const { follow = false, access, ancestors = false, read } = query
  return [
    FUNCTIONS.stat,
    ...(ancestors ? [FUNCTIONS.missing] : []),
    follow ? FUNCTIONS.realFollowed : FUNCTIONS.real,
    ...(access === undefined ? [] : [FUNCTIONS[access]]),
    ...accountsOf(query).map(([database, name]) => accountFunction(database, name)),
    ...(read === 'diff' ? [FUNCTIONS.diff] : []),
    ...(typeof read === 'object' && 'size' in read ? [FUNCTIONS.compare] : []),
    FUNCTIONS.link,
  ]
}

const accountFunctionName = (database: PublicDatabase, name: string): string =>
  `lb_has_${database}_${variableSuffix(name)}`

const accountFunction = (database: PublicDatabase, name: string): string =>
  shellFunction(accountFunctionName(database, name), accountExists(database, name))

/** When the hash is certain to be needed. */
function hashIf(read: ReadMode | undefined): HashIf {
  if (read === 'hash' || (typeof read === 'object' && 'text' in read && read.hash === true)) return 'always'
  if (read === 'diff') return 'confidential'
  return typeof read === 'object' && 'size' in read ? read.size : 'never'
}

function accountCheck(database: PublicDatabase, pattern: string, name: string | undefined, marker: string): string[] {
  if (name === undefined || isNumber(name)) return []
  return [`case $lb_f in ${pattern}) ;; *) ${accountFunctionName(database, name)} || echo ${marker};; esac`]
}

type ParsedFacts = { -readonly [K in keyof PathFacts]: PathFacts[K] } & { words: Set<string> }

/** Parses the output of {@link pathProbe}; a string is an error message. */
export function parsePathFacts({ stdout, stderr, exitCode }: Observed): PathFacts | string {
  if (exitCode !== 0) return lastLine(stderr) || `the probe exited with code ${exitCode}`
  const lines = stdout.split('\n')
  const exists = lines.shift() === 'there'
  const [modeText = '', uid, gid, size, mtime, user = '', group = ''] = exists ? (lines.shift() ?? '').split(TAB) : []
  const bits = Number.parseInt(modeText, 16)
  const facts: ParsedFacts = {
    kind: exists ? kindOf(bits) : null,
    mode: bits & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    user,
    group,
    size: Number(size),
    mtime: Number(mtime),
    sha256: undefined,
    content: undefined,
    target: undefined,
    noParent: false,
    missingLevels: 1,
    blockedLevels: undefined,
    realPath: undefined,
    isInDirectory: false,
    leadsToDirectory: false,
    noOwner: false,
    noGroup: false,
    words: new Set<string>(),
  }
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === 'no-parent') facts.noParent = true
    else if (line.startsWith('missing ')) facts.missingLevels = Number(line.slice('missing '.length))
    else if (line.startsWith('blocked ')) facts.blockedLevels = Number(line.slice('blocked '.length))
    else if (line === 'elsewhere') facts.realPath = null
    else if (line.startsWith('really ')) facts.realPath = line.slice('really '.length).replace(/^\/\//, '/')
    else if (line === 'in-directory') facts.isInDirectory = true
    else if (line === 'to-directory') facts.leadsToDirectory = true
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
