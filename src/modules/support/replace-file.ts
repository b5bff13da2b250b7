import { sh } from '../../shell/quote.ts'
import { CHANGED_MEANWHILE, lockDirectory, requireUnchanged } from './file-lock.ts'
import { octal } from './params.ts'
import type { Replacement } from './replacement.ts'
import { runValidation } from './validation.ts'
import { replacementDryRun } from './replacement-dry-run.ts'

/** How a script replaces a file, for {@link Change}. */
export const guardedReplacement = (
  replacement: Replacement & { readonly madeFrom: string | null },
): { script: string; dryRun: string; outdatedExitCode: number } => ({
  script: replaceFile(replacement),
  dryRun: replacementDryRun(replacement),
  outdatedExitCode: CHANGED_MEANWHILE,
})

/**
 * A script that replaces a file atomically, also in a crash: the new file gets its attributes, is filled, validated and
 * flushed beside the old one, then renamed. The rename is under a lock, which all scripts of this module take.
 *
 * Hard links of the old file keep the old content, as with an editor. File capabilities are lost: the kernel removes
 * them on a write. A mount point, as /etc/hosts is in a container, cannot be replaced: it is written in place, and the
 * script reports it. So is a file whose owner the user cannot set.
 */
export function replaceFile(replacement: Replacement): string {
  const { path, fill, size, old, owner, group, validate, backup = false, followLink: through = false } = replacement
  const mode = replacement.mode ?? old?.mode ?? replacement.defaultMode
  const chowned = changeOwner('"$lb_new"', owner, group).map(
    (step) => `${unlessOwnedByRoot(replacement)}${step} || exit`,
  )
  return [
    // `x` preserves a trailing newline of the path in the substitution.
    sh`lb_to=${path} lb_place=` +
      (through
        ? `; if [ -L "$lb_to" ]; then ${rejectLinkLoop}; lb_to=$(readlink -f -- "$lb_to" && echo x) || exit; lb_to=\${lb_to%?x}; fi`
        : ''),
    createFile(maskFor(replacement, mode), creationMode(replacement, mode)),
    ...(old === undefined ? [] : [copyAttributes(old, replacement)]),
    ...chowned,
    ...fillMode(replacement, mode).map((bits) => `chmod ${octal(bits)} -- "$lb_new" || exit`),
    // dash reports "I/O error" if the disk is full: another program reports the cause.
    `{ ${fill}\n} || { lb_code=$?; head -c 8192 /dev/zero >&8; exit "$lb_code"; }`,
    ...(size === undefined
      ? []
      : [
          `[ "$(wc -c <"$lb_new")" -eq ${size} ] || {`,
          '  head -c 8192 /dev/zero >&8 && echo "the new file is incomplete: is the disk full?" >&2; exit 1; }',
        ]),
    'exec 8>&-',
    // A write or chown clears set-user-id bits.
    ...(mode !== undefined && (isSpecial(mode) || !isWritable(mode))
      ? [`chmod ${octal(mode)} -- "$lb_new" || exit`]
      : []),
    ...(validate === undefined
      ? []
      : [
          `{ ${runValidation(validate)}; } || {`,
          sh`lb_code=$?; printf 'validation of the new %s failed\\n' ${path} >&2`,
          `[ "$lb_code" != ${CHANGED_MEANWHILE} ] || lb_code=1; exit "$lb_code"; }`,
        ]),
    lockDirectory,
    ...(replacement.madeFrom === undefined ? [] : [requireUnchanged(replacement.madeFrom)]),
    ...(backup ? ['lb_kept=$lb_to.$$.$(date +%Y-%m-%d@%H:%M:%S)~', 'cp -p -- "$lb_to" "$lb_kept" || exit'] : []),
    `sync -- "$lb_new"${backup ? ' "$lb_kept"' : ''} || exit`,
    renameOver(changeOwner('"$lb_to"', owner, group), replacement.mode),
    'trap - EXIT; [ -z "$lb_lock" ] || rm -r -- "$lb_lock"; exec 9<&-',
  ].join('\n')
}

/** On a link that leads through itself (`a -> a/b`) readlink would exhaust the memory: the kernel is asked first. */
const rejectLinkLoop = [
  'if [ ! -e "$lb_to" ] && LC_ALL=C stat -L -- "$lb_to" 2>&1 >/dev/null | grep -q -i -e "too many levels" -e "link loop"',
  'then echo "$lb_to: too many levels of symbolic links" >&2; exit 1; fi',
].join('; ')

/**
 * Creates `$lb_new`. Its name begins with what distinguishes machines that share the directory (boot, machine and host
 * name; all read without a process), then has the shell's PID: so leftovers of killed runs of this machine are removed,
 * and files of running ones and of other machines are not. The rest is random, for machines that have the same ones.
 * `set -C` guarantees a new file: nobody can have put a link there. It stays open for the content: in a directory like
 * /tmp the kernel lets nobody, root included, open another user's file by name.
 *
 * In a directory with a default ACL, the kernel ignores the umask, and named users could open the file at once. There
 * it is created for its owner only, and its ACL is removed.
 *
 * @param mask - umask for the file; undefined: that of the host
 * @param bits - of chmod in a directory with a default ACL
 */
const createFile = (mask: number | undefined, bits: string): string =>
  [
    'lb_in=${lb_to%/*}/ lb_boot= lb_machine= lb_host= lb_random= lb_lock=',
    '{ read -r lb_boot </proc/sys/kernel/random/boot_id; read -r lb_host </proc/sys/kernel/hostname; } 2>/dev/null',
    '{ read -r lb_machine </etc/machine-id; read -r lb_random </proc/sys/kernel/random/uuid; } 2>/dev/null',
    'lb_own=$lb_in.labbook.${lb_boot%%-*}.${lb_machine%????????????????????????}.$lb_host',
    'for lb_new in "$lb_own".*; do',
    '  lb_pid=${lb_new#"$lb_own".} lb_pid=${lb_pid%%.*}',
    `  case $lb_pid in *[!0-9]*) ;; *) [ ! -d /proc/self ] || [ -d "/proc/$lb_pid" ] || rm -f -- "$lb_new" ;; esac`,
    'done',
    'lb_kept= lb_new=$lb_own.$$.${lb_random%%-*}',
    `trap 'rm -f -- "$lb_new" \${lb_kept:+"$lb_kept"}; [ -z "$lb_lock" ] || rm -r -- "$lb_lock"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    // ls shows an ACL as "+"; that of busybox does not.
    'lb_acl=$(getfacl -cp -- "$lb_in" 2>/dev/null || ls -ld -- "$lb_in")',
    'case $lb_acl in *default:* | ??????????+*)',
    '  lb_new=$(mktemp "$lb_own.$$.XXXXXX") && exec 8>"$lb_new" || exit',
    `  setfacl -b -- "$lb_new" 2>/dev/null || ${copyModeOfFileWithoutAcl} || exit`,
    `  chmod ${bits} -- "$lb_new" || exit ;;`,
    '*)',
    ...(mask === undefined ? [] : [`  umask ${octal(mask)}`]),
    '  set -C; exec 8>"$lb_new" || exit; set +C',
    // The umask of every session; querying the shell would cost a process.
    ...(mask === undefined ? [] : ['  umask 022']),
    'esac',
  ].join('\n')

/** For hosts without the package acl: GNU cp sets the ACL of the source, so none. */
const copyModeOfFileWithoutAcl =
  '{ lb_acl=$(mktemp) && cp --attributes-only --preserve=mode -- "$lb_acl" "$lb_new"; lb_code=$?; rm -f -- "$lb_acl"; [ "$lb_code" = 0 ]; }'

/**
 * One process with GNU cp. Times are not copied: the content is new. If fewer users may read the new file, it must
 * never have the mode or ACL of the old one.
 */
function copyAttributes({ uid, gid, mode }: NonNullable<Replacement['old']>, wanted: Replacement): string {
  const bits = wanted.mode ?? mode
  const copies =
    (mode & ~bits) === 0
      ? ['--preserve=all --no-preserve=timestamps,links']
      : ['--preserve=ownership,xattr,context', '--preserve=ownership,xattr']
  // An ordinary user cannot give a file away: cp does not even report it.
  const kept = [
    ...(wanted.owner === undefined ? [['%u', uid] as const] : []),
    ...(wanted.group === undefined ? [['%g', gid] as const] : []),
  ]
  const isKept = `[ "$(stat -c ${kept.map(([format]) => format).join(':')} -- "$lb_new")" = ${kept.map(([, id]) => id).join(':')} ]`
  return [
    ...copies.map((what) => `cp --attributes-only ${what} -- "$lb_to" "$lb_new" 2>/dev/null ||`),
    sh`{ chown -- ${`${uid}:${gid}`} "$lb_new" 2>/dev/null || lb_place=owner; chmod ${octal(mode & bits)} -- "$lb_new"; } || exit`,
    ...(kept.length === 0 ? [] : [`[ -O / ] || ${isKept} || lb_place=owner`]),
    'if [ -n "$lb_place" ] && [ ! -w "$lb_to" ]; then',
    `  echo "$lb_to: only root can keep the owner ${uid}:${gid} of the file: set become" >&2; exit 1; fi`,
  ].join('\n')
}

/** Whether a new file can be created with its final mode at once. */
const isCreationMode = (mode: number): boolean => (mode & 0o7111) === 0 && isWritable(mode)

const maskFor = ({ old }: Replacement, mode: number | undefined): number | undefined =>
  mode === undefined ? undefined : old === undefined && isCreationMode(mode) ? 0o666 & ~mode : 0o077

/** For chmod: the mode of a new file; by the umask, if none is set. */
const creationMode = ({ old }: Replacement, mode: number | undefined): string =>
  old !== undefined ? '0600' : mode === undefined ? '=rw' : octal(isCreationMode(mode) ? mode : 0o600)

/** Files that root creates are root's, unless the directory sets the group. Tested without a process. */
function unlessOwnedByRoot({ old, owner = 'root', group = 'root' }: Replacement): string {
  const isRoot = (name: string): boolean => name === 'root' || name === '0'
  return old === undefined && isRoot(owner) && isRoot(group) ? '{ [ -O / ] && [ -G / ] && [ -G "$lb_new" ]; } || ' : ''
}

const isSpecial = (bits: number): boolean => (bits & 0o6000) !== 0
const isWritable = (bits: number): boolean => (bits & 0o200) !== 0

/** The mode while the file is filled: as restrictive as the final one, but writable. */
function fillMode({ old, mode: requested }: Replacement, mode: number | undefined): number[] {
  if (mode === undefined) return []
  const isSet = old === undefined ? isCreationMode(mode) : requested === undefined && isWritable(mode)
  return isSet ? [] : [(mode & 0o1777) | 0o200]
}

/** Only the rename of a mount point fails as busy; it can only be written in place. */
const renameOver = (chown: readonly string[], mode: number | undefined): string =>
  [
    // mv onto a link to a directory would move the file into the directory.
    'lb_t=; if [ -L "$lb_to" ]; then lb_t=-T',
    '  if [ -d "$lb_to" ]; then echo "$lb_to is a link to a directory, and is not replaced" >&2; exit 1; fi; fi',
    '[ -n "$lb_place" ] || mv -f $lb_t -- "$lb_new" "$lb_to" 2>/dev/null || {',
    '  lb_said=$(LC_ALL=C mv -f $lb_t -- "$lb_new" "$lb_to" 2>&1) || case $lb_said in *busy*) lb_place=mount ;;',
    // mv of busybox does not replace a link that leads to itself.
    '  *symbolic*links*) rm -f -- "$lb_to" && mv -f -- "$lb_new" "$lb_to" || exit ;;',
    `  *) printf '%s\\n' "$lb_said" >&2; exit 1 ;; esac`,
    '}',
    'if [ -n "$lb_place" ]; then',
    "  case $lb_place in mount) lb_said='is a mount point and cannot be replaced: its content is written in place' ;;",
    "  *) lb_said='has another owner, which only root can keep: its content is written in place' ;; esac",
    `  printf '%s %s\\n' "$lb_to" "$lb_said" >&2`,
    '  cat <"$lb_new" >"$lb_to" && sync -- "$lb_to" || exit',
    ...chown.map((step) => `  ${step} || exit`),
    ...(mode === undefined ? [] : [`  chmod ${octal(mode)} -- "$lb_to" || exit`]),
    '  rm -f -- "$lb_new"',
    'fi',
  ].join('\n')

/**
 * Commands that change owner and group; none if neither is set.
 * @param target - shell text for the path, already quoted
 */
export function changeOwner(target: string, owner?: string, group?: string, flags = ''): string[] {
  if (owner === undefined && group === undefined) return []
  const to = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
  return [sh`chown${{ raw: flags }} -- ${to}` + ` ${target}`]
}
