import { sh } from '../../shell/quote.ts'
import { octal } from './params.ts'
import type { PathFacts } from './path-facts.ts'

/** A file whose content is to be replaced as a whole. */
export interface Replacement {
  readonly path: string
  /** Shell text that writes the new content to `>&8`, which is `"$lb_new"`, a file that exists and is empty. */
  readonly fill: string
  /** The file that is there, whose owner, mode, ACL, extended attributes and SELinux context the new one gets. */
  readonly old?: Pick<PathFacts, 'uid' | 'gid' | 'mode'> | undefined
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Permission bits, in place of the old file's. */
  readonly mode?: number | undefined
  /** Permission bits of a file that is new, where none are given. Without it: what the target gives new files. */
  readonly freshMode?: number | undefined
  /** A command with `%s` that must accept the new file. */
  readonly validate?: string | undefined
  /** Keeps what is there under Ansible's name for it: `NAME.PID.DATE@TIME~`. */
  readonly backup?: boolean
  /** Where the path is a link: replaces what it points to, not the link. */
  readonly through?: boolean
}

/**
 * A script that replaces a file so that at every moment, also of a crash, either the old or the new one is there whole:
 * the new one gets its attributes, is filled, validated and flushed beside the old one, then takes its place.
 *
 * Other names of the old file (hard links) keep the old content, as they do after an editor saved it. File capabilities
 * go with the old content: the kernel takes them from whatever is written to. A path that is a mount point of its own,
 * as /etc/hosts is in a container, cannot be replaced: it is written in place, and the script says so.
 */
export function replaceFile(replacement: Replacement): string {
  const { path, fill, old, owner, group, validate, backup = false, through = false } = replacement
  const mode = replacement.mode ?? old?.mode ?? replacement.freshMode
  const chowned = changeOwner('"$lb_new"', owner, group).map((step) => `${unlessRoots(replacement)}${step} || exit`)
  return [
    // `x` keeps a newline at the end of a path from being dropped by the substitution.
    sh`lb_to=${path}` +
      (through
        ? `; if [ -L "$lb_to" ]; then ${notToItself}; lb_to=$(readlink -f -- "$lb_to" && echo x) || exit; lb_to=\${lb_to%?x}; fi`
        : ''),
    create(maskFor(replacement, mode)),
    ...(old === undefined ? [] : [keepAttributes(old, replacement.mode)]),
    ...chowned,
    ...modeToFill(replacement, mode).map((bits) => `chmod ${octal(bits)} -- "$lb_new" || exit`),
    // dash says "I/O error" of a disk that is full: another program says what it is.
    `{ ${fill}\n} || { lb_code=$?; head -c 8192 /dev/zero >&8; exit "$lb_code"; }`,
    'exec 8>&-',
    // Whoever writes to a file, or gives it away, takes its set-user-id bits.
    ...(mode !== undefined && (isSpecial(mode) || !isWritable(mode))
      ? [`chmod ${octal(mode)} -- "$lb_new" || exit`]
      : []),
    ...(validate === undefined
      ? []
      : [
          `( ${validate.replaceAll('%s', '"$lb_new"')} ) >&2 || {`,
          sh`lb_code=$?; printf 'validate refused the new %s\\n' ${path} >&2; exit "$lb_code"; }`,
        ]),
    ...(backup ? ['lb_kept=$lb_to.$$.$(date +%Y-%m-%d@%H:%M:%S)~', 'cp -p -- "$lb_to" "$lb_kept" || exit'] : []),
    `sync -- "$lb_new"${backup ? ' "$lb_kept"' : ''} || exit`,
    swap(changeOwner('"$lb_to"', owner, group), replacement.mode),
    'trap - EXIT',
  ].join('\n')
}

/**
 * On a link that leads through itself (`a -> a/b`) readlink would grow until the memory is full: the kernel is asked
 * first.
 */
const notToItself = [
  'if [ ! -e "$lb_to" ] && LC_ALL=C stat -L -- "$lb_to" 2>&1 >/dev/null | grep -q -i -e "too many levels" -e "link loop"',
  'then echo "$lb_to is a link that leads to itself" >&2; exit 1; fi',
].join('; ')

/**
 * Makes `$lb_new`. Its name holds the shell's number, so that what a killed run left is told from what another one is
 * writing now, and is removed. `set -C` makes sure that the file is new: nobody can have put a link there. It is kept
 * open for the content: in a folder like /tmp the kernel lets nobody, root included, open by name what belongs to
 * another.
 *
 * @param mask - what the file is made with; none: what the target gives new files.
 */
const create = (mask: number | undefined): string =>
  [
    'lb_in=${lb_to%/*}/',
    'for lb_new in "$lb_in".labbook.*; do',
    `  case \${lb_new##*.} in *[!0-9]*) ;; *) [ ! -d /proc/self ] || [ -d "/proc/\${lb_new##*.}" ] || rm -f -- "$lb_new" ;; esac`,
    'done',
    'lb_kept= lb_new=$lb_in.labbook.$$',
    `trap 'rm -f -- "$lb_new" \${lb_kept:+"$lb_kept"}' EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    ...(mask === undefined ? [] : [`umask ${octal(mask)}`]),
    'set -C; exec 8>"$lb_new" || exit; set +C',
    // As every session sets it. To ask the shell for it would cost a process.
    ...(mask === undefined ? [] : ['umask 022']),
  ].join('\n')

/**
 * In one process where cp is GNU's. Times are not kept: the content is another. Where fewer shall read the new file, it
 * must at no time have the mode of the old one, nor its ACL.
 */
function keepAttributes({ uid, gid, mode }: NonNullable<Replacement['old']>, asked = mode): string {
  const copies =
    (mode & ~asked) === 0
      ? ['--preserve=all --no-preserve=timestamps,links']
      : ['--preserve=ownership,xattr,context', '--preserve=ownership,xattr']
  return [
    ...copies.map((what) => `cp --attributes-only ${what} -- "$lb_to" "$lb_new" 2>/dev/null ||`),
    sh`{ chown -- ${`${uid}:${gid}`} "$lb_new" && chmod ${octal(mode & asked)} -- "$lb_new"; } || exit`,
  ].join('\n')
}

/** A new file can be made with its mode at once, unless it is one that no file is made with. */
const isPlain = (mode: number): boolean => (mode & 0o7111) === 0 && isWritable(mode)

const maskFor = ({ old }: Replacement, mode: number | undefined): number | undefined =>
  mode === undefined ? undefined : old === undefined && isPlain(mode) ? 0o666 & ~mode : 0o077

/** What root makes is root's, unless the folder says which group gets it. Asked without a process. */
function unlessRoots({ old, owner = 'root', group = 'root' }: Replacement): string {
  const isRoot = (name: string): boolean => name === 'root' || name === '0'
  return old === undefined && isRoot(owner) && isRoot(group) ? '{ [ -O / ] && [ -G / ] && [ -G "$lb_new" ]; } || ' : ''
}

const isSpecial = (bits: number): boolean => (bits & 0o6000) !== 0
const isWritable = (bits: number): boolean => (bits & 0o200) !== 0

/** The mode to fill the file with: as narrow as in the end, so that no one reads what they shall not, but writable. */
function modeToFill({ old, mode: asked }: Replacement, mode: number | undefined): number[] {
  if (mode === undefined) return []
  const isSet = old === undefined ? isPlain(mode) : asked === undefined && isWritable(mode)
  return isSet ? [] : [(mode & 0o1777) | 0o200]
}

/** Only the rename of a mount point is refused as busy. There is no other way than to write into it then. */
const swap = (chown: readonly string[], mode: number | undefined): string =>
  [
    // Onto a link to a folder mv would move the file into the folder.
    'lb_t=; if [ -L "$lb_to" ] && [ -d "$lb_to" ]; then lb_t=-T; fi',
    'mv -f $lb_t -- "$lb_new" "$lb_to" 2>/dev/null || lb_said=$(LC_ALL=C mv -f $lb_t -- "$lb_new" "$lb_to" 2>&1) || {',
    `case $lb_said in *busy*) ;; *) printf '%s\\n' "$lb_said" >&2; exit 1 ;; esac`,
    `printf '%s is a mount point and cannot be replaced: its content is written in place\\n' "$lb_to" >&2`,
    'cat <"$lb_new" >"$lb_to" && sync -- "$lb_to" || exit',
    ...chown.map((step) => `${step} || exit`),
    ...(mode === undefined ? [] : [`chmod ${octal(mode)} -- "$lb_to" || exit`]),
    'rm -f -- "$lb_new"',
    '}',
  ].join('\n')

/**
 * Commands that change owner and group; none where neither is given.
 * @param target - shell text for the path, already quoted
 */
export function changeOwner(target: string, owner?: string, group?: string, flags = ''): string[] {
  if (owner === undefined && group === undefined) return []
  const to = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
  return [sh`chown${{ raw: flags }} -- ${to}` + ` ${target}`]
}
