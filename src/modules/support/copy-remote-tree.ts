import { posix } from 'node:path'
import { raw, sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { attributeChanges, attributesDenied, describeAttributes, missingAccount } from './attributes.ts'
import { setsAt, setTree, treeAt } from './effects.ts'
import { directoryPlan, type ChangesOrProblem } from './file-states.ts'
import { withoutSlash, type GivenAttributes, type Mode } from './params.ts'
import { entryProblem } from './path-access.ts'
import type { PathFacts } from './path-facts.ts'
import { findStray, setRecursively } from './recursive-attributes.ts'
import { NEW_DIRECTORY, oldMode, resolveMode } from './resolve-mode.ts'
import { plural } from './text.ts'

/** A directory of the host to copy to another place there. */
export interface RemoteTree extends GivenAttributes {
  readonly src: string
  readonly dest: string
  readonly local_follow?: boolean | undefined
  readonly directory_mode?: Mode | undefined
  readonly force: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
}

/**
 * Shell text that runs `lb_entry` for each entry below the source, directories first, with its path in `$lb_f`, that of
 * the copy in `$lb_t`, and what must be done in `$lb_do`: new-directory, new-file, changed-file, new-link, or
 * conflict.
 */
const eachEntry = (
  { src, local_follow }: Pick<RemoteTree, 'src' | 'local_follow'>,
  to: string,
  entry: string,
): string => {
  const from = withoutSlash(src)
  const body = [
    'lb_s=$1 lb_d=$2; shift 2',
    `lb_entry() { ${entry}\n}`,
    'for lb_f; do',
    '  lb_t=$lb_d${lb_f#"$lb_s"}; lb_do=',
    '  if [ -h "$lb_f" ] && [ -z "$lb_follow" ]; then',
    '    if [ -h "$lb_t" ] && [ "$(readlink -- "$lb_t")" = "$(readlink -- "$lb_f")" ]; then :',
    '    elif [ -e "$lb_t" ] || [ -h "$lb_t" ]; then lb_do=conflict; else lb_do=new-link; fi',
    '  elif [ -d "$lb_f" ]; then',
    '    if [ -d "$lb_t" ]; then :',
    '    elif [ -e "$lb_t" ] || [ -h "$lb_t" ]; then lb_do=conflict; else lb_do=new-directory; fi',
    '  elif [ -f "$lb_f" ]; then',
    '    if [ -f "$lb_t" ]; then cmp -s -- "$lb_f" "$lb_t" || lb_do=changed-file',
    '    elif [ -e "$lb_t" ] || [ -h "$lb_t" ]; then lb_do=conflict; else lb_do=new-file; fi',
    '  else lb_do=special; fi',
    '  [ -z "$lb_do" ] || lb_entry || exit',
    'done',
  ].join('\n')
  const follow = local_follow === true
  const [mark, flag] = follow ? ['yes', '-L'] : ['', '-H']
  return sh`lb_follow=${mark} find ${flag} ${from} -exec sh -c ${body} sh ${from} ${to} {} +`
}

/** Prints what a copy of the source would do, a line each; for the probe of the directory that it goes to. */
export function treeComparison(
  params: Pick<RemoteTree, 'src' | 'local_follow' | 'owner' | 'group'>,
  to: string,
): string {
  const from = withoutSlash(params.src)
  const stray = findStray(to, { owner: params.owner, group: params.group })
  const print = `case $lb_f in *'\n'*) echo newline ;; *) printf '%s %s\\n' "$lb_do" "\${lb_f#"$lb_s"}" ;; esac`
  return [
    sh`if [ -d ${from} ]; then`,
    eachEntry(params, to, print),
    ...(stray === undefined ? [] : [sh`if [ -d ${to} ]; then ${raw(stray)}\nfi`]),
    'fi',
  ].join('\n')
}

/** New files get the mode of the source; changed ones too, and keep their owner, as in Ansible. */
const COPY = [
  'case $lb_do in',
  'new-directory) mkdir -- "$lb_t" && chmod "$(stat -L -c %a -- "$lb_f")" -- "$lb_t" ;;',
  'new-link) ln -s -- "$(readlink -- "$lb_f")" "$lb_t" ;;',
  'new-file | changed-file)',
  '  [ "$lb_do" = new-file ] || lb_t=$(readlink -f -- "$lb_t") || return',
  '  lb_new=${lb_t%/*}/.labbook.$$',
  // -C: others who may write to the directory could put a link there.
  '  rm -f -- "$lb_new"; (umask 077; set -C; cat <"$lb_f" >"$lb_new") &&',
  '    { [ "$lb_do" = new-file ] || chown "$(stat -c %u:%g -- "$lb_t")" -- "$lb_new"; } &&',
  '    chmod "$(stat -L -c %a -- "$lb_f")" -- "$lb_new" && mv -f -- "$lb_new" "$lb_t" ||',
  '    { rm -f -- "$lb_new"; return 1; } ;;',
  `*) printf '%s is in the way\\n' "$lb_t" >&2; return 1 ;;`,
  'esac',
].join('\n')

/** The rows of {@link treeComparison} of a kind: paths below the directory. */
const rows = ({ words }: PathFacts, kind: string): string[] =>
  [...words].filter((word) => word.startsWith(`${kind} `)).map((word) => word.slice(kind.length + 1))

/** Plans the changes that copy a directory of the host. */
export function planRemoteTree(params: RemoteTree, dest: string, facts: PathFacts): Plan<{ readonly dest: string }> {
  const { src, owner, group, mode } = params
  const values = { dest }
  const rest = { reads: treeAt(dest) }
  const problem = treeProblem(params, dest, facts)
  if (problem !== undefined) return { changes: [], problem, ...rest }
  if (!params.force && facts.kind !== null) return { changes: [], values, ...rest }
  const parents = parentsOf(params, dest, facts)
  if (typeof parents === 'string') return { changes: [], problem: parents, ...rest }
  const directories = rows(facts, 'new-directory')
  const files = [...rows(facts, 'new-file'), ...rows(facts, 'new-link')]
  const changed = rows(facts, 'changed-file')
  const isStray = facts.words.has('stray')
  const wanted = resolveMode({ owner, group, mode }, oldMode(facts, NEW_DIRECTORY, { owner, group }))
  if (typeof wanted === 'string') return { changes: [], problem: `${dest}: ${wanted}`, ...rest }
  if (directories.length + files.length + changed.length === 0 && !isStray) {
    const denied = attributesDenied(dest, facts, { mode: wanted.mode })
    return denied === undefined
      ? { changes: attributeChanges(dest, facts, { mode: wanted.mode }), values, ...rest }
      : { changes: [], problem: denied, ...rest }
  }
  const attributes = describeAttributes(wanted)
  const what = [
    ...(directories.length === 0
      ? []
      : [`${directories.length} new ${directories.length === 1 ? 'directory' : 'directories'}`]),
    ...(files.length === 0 ? [] : [plural(files.length, 'new file')]),
    ...(changed.length === 0 ? [] : [plural(changed.length, 'changed file')]),
  ].join(', ')
  const verb = what === '' ? 'set attributes recursively in' : `copy ${what} of ${src} to`
  const script = [
    ...(what === '' ? [] : [`${eachEntry(params, dest, COPY)} || exit`]),
    setRecursively(dest, { owner, group }),
    ...(wanted.mode === undefined ? [] : [sh`chmod ${wanted.mode.toString(8).padStart(5, '0')} -- ${dest} || exit`]),
  ]
  const list = (names: readonly string[]): string => names.map((name) => `${dest}${name}\n`).join('')
  return {
    changes: [
      ...parents,
      {
        description: `${verb} ${dest}${attributes === '' ? '' : ` (${attributes})`}`,
        script: script.filter((step) => step !== '').join('\n'),
        diff: { subject: dest, before: list(changed), after: list([...directories, ...files, ...changed].sort()) },
        sets: setsAt(dest, facts, setTree),
      },
    ],
    values,
    ...rest,
  }
}

/** The changes that create the directories above the copy; with a slash after `dest`, that directory. */
function parentsOf(params: RemoteTree, dest: string, facts: PathFacts): ChangesOrProblem {
  if (facts.kind !== null || (!facts.noParent && !params.dest.endsWith('/'))) return []
  const path = withoutSlash(params.dest)
  const isDest = path === dest
  const { owner, group, directory_mode: mode } = params
  const given = params.dest.endsWith('/') ? { owner, group, mode } : {}
  const wanted = resolveMode({ path, recurse: false, force: false, follow: true, ...given }, NEW_DIRECTORY)
  if (typeof wanted === 'string') return `${path}: ${wanted}`
  const missingLevels = facts.missingLevels - (isDest ? 0 : 1)
  return missingLevels === 0 ? [] : directoryPlan(wanted, { ...facts, missingLevels, realPath: undefined })
}

/** Why the directory cannot be copied. */
function treeProblem(params: RemoteTree, dest: string, facts: PathFacts): string | undefined {
  const { src, backup, validate } = params
  const from = posix.normalize(withoutSlash(src))
  if (backup || validate !== undefined) return `${src} is a directory: backup and validate are for files`
  if (`${dest}/`.startsWith(`${from}/`)) return `${dest} is in ${from}, which would be copied into itself`
  if (facts.kind !== null && facts.kind !== 'directory') return `${dest} exists and is not a directory`
  if (facts.blockedLevels !== undefined) return `a directory above ${dest} is a file`
  const missing = facts.kind === null && facts.noParent ? facts.missingLevels : 0
  if (!params.dest.endsWith('/') && missing > (src.endsWith('/') ? 1 : 2))
    return `the directory of ${params.dest} does not exist: create it first, with file: { state: 'directory' }`
  const [conflict] = rows(facts, 'conflict')
  if (conflict !== undefined) return `${dest}${conflict} exists and is not what ${from}${conflict} is: remove it first`
  const [special] = rows(facts, 'special')
  if (special !== undefined) return `${from}${special} is a device, socket or pipe, or a link that leads nowhere`
  if (facts.words.has('newline')) return `${from} has a name with a newline`
  return missingAccount(facts, params) ?? (facts.kind === null ? entryProblem(dest, facts) : undefined)
}
