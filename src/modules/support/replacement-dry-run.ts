import { sh } from '../../shell/quote.ts'
import { APPEND_ONLY, REQUIRE_CHANGEABLE, REQUIRE_REPLACEABLE } from './append-only.ts'
import type { Replacement } from './replacement.ts'
import { runValidation } from './validation.ts'

/**
 * A script that tells whether {@link replaceFile} would fail for a reason that a probe of the path does not show:
 * append-only attributes, a full file system, a validation. It changes nothing. For a validation it writes the new
 * content to a private temporary directory, as Ansible does before it puts a file in place.
 *
 * The last line of its stderr is the reason. What the host does not know, such as attributes without `lsattr`, is no
 * reason.
 */
export function replacementDryRun({ path, fill, size, mode, validate, followLink = false }: Replacement): string {
  return [
    sh`lb_to=${path}`,
    ...(followLink ? ['[ ! -L "$lb_to" ] || lb_to=$(readlink -f -- "$lb_to") || exit 0'] : []),
    'lb_in=${lb_to%/*}/',
    APPEND_ONLY,
    `if [ -f "$lb_to" ] && [ ! -L "$lb_to" ]; then ${REQUIRE_CHANGEABLE}; fi`,
    REQUIRE_REPLACEABLE,
    ...(size === undefined ? [] : [spaceCheck(size)]),
    ...(validate === undefined ? [] : [validation(fill, mode, validate, path)]),
    'exit 0',
  ].join('\n')
}

/** Root may also use the reserved blocks. A file system that counts no inodes has as many as it needs. */
const spaceCheck = (size: number): string =>
  [
    `lb_stat=$(stat -f -c '%f %a %S %c %d' -- "$lb_in" 2>/dev/null) || lb_stat=`,
    'if [ -n "$lb_stat" ]; then',
    '  set -- $lb_stat; if [ "$(id -u)" = 0 ]; then lb_free=$1; else lb_free=$2; fi',
    `  if [ "$(((${size} + $3 - 1) / $3))" -gt "$lb_free" ]; then`,
    `    printf 'no space left on the file system of %s: the new file has ${size} bytes, and %s are free\\n' "$lb_in" "$((lb_free * $3))" >&2`,
    '    exit 1; fi',
    '  if [ "$4" -gt 0 ] && [ "$5" -eq 0 ]; then',
    `    printf 'no inode left on the file system of %s\\n' "$lb_in" >&2; exit 1; fi`,
    'fi',
  ].join('\n')

const validation = (fill: string, mode: number | undefined, validate: string, path: string): string =>
  [
    'lb_dir=$(mktemp -d) || exit 0',
    `trap 'rm -rf -- "$lb_dir"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    'lb_new=$lb_dir/${lb_to##*/}',
    '(umask 077; : >"$lb_new") && exec 8>"$lb_new" || exit 0',
    `{ ${fill}\n} || exit 0`,
    'exec 8>&-',
    ...(mode === undefined ? [] : [`chmod ${mode.toString(8).padStart(4, '0')} -- "$lb_new" || exit 0`]),
    `{ ${runValidation(validate)}; } || {`,
    sh`printf 'validation of the new %s failed\\n' ${path} >&2; exit 1; }`,
  ].join('\n')
