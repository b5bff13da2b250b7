import { sh } from '../../shell/quote.ts'

/*
 * Dry runs for append-only attributes (`chattr +a`), which a probe does not query, as that costs a process a path. What
 * the host does not know, for want of `lsattr` or of a file system with attributes, is no reason to fail.
 */

/** Shell function `lb_append_only PATH`: succeeds if it is. */
export const APPEND_ONLY =
  'lb_append_only() { lb_flags=$(lsattr -d -- "$1" 2>/dev/null); case ${lb_flags%% *} in *a*) ;; *) return 1 ;; esac; }'

const refuse = (message: string, variable: string): string =>
  `{ printf '${message} (chattr -a)\\n' "${variable}" >&2; exit 1; }`

/** Shell text that fails if entries of the directory `$lb_in` cannot be replaced or removed. */
export const REQUIRE_REPLACEABLE = `if lb_append_only "$lb_in"; then ${refuse('cannot write to directory %s: it is append-only', '$lb_in')}; fi`

/** Shell text that fails if the file `$lb_to` is append-only. */
export const REQUIRE_CHANGEABLE = `if lb_append_only "$lb_to"; then ${refuse('cannot change %s: it is append-only', '$lb_to')}; fi`

/** A script that fails if owner and mode cannot be set. */
export const attributesDryRun = (path: string): string =>
  [APPEND_ONLY, sh`lb_to=${path}`, `[ -L "$lb_to" ] || ${REQUIRE_CHANGEABLE}`].join('\n')

/** A script that fails if a link cannot be replaced. */
export const linkDryRun = (path: string): string =>
  [
    APPEND_ONLY,
    sh`lb_to=${path}`,
    'lb_in=${lb_to%/*}/',
    `[ ! -L "$lb_to" ] && [ ! -e "$lb_to" ] || ${REQUIRE_REPLACEABLE}`,
  ].join('\n')

/** A script that fails if a path cannot be removed with everything below. */
export const removalDryRun = (path: string): string =>
  [
    APPEND_ONLY,
    sh`lb_to=${path}`,
    'lb_in=${lb_to%/*}/',
    REQUIRE_REPLACEABLE,
    'if [ -d "$lb_to" ] && [ ! -L "$lb_to" ]; then',
    // Lines are `FLAGS PATH`, with a heading for each directory, and `..` in each.
    `  lb_to=$({ lsattr -d -- "$lb_to"; lsattr -R -a -- "$lb_to"; } 2>/dev/null | grep -v '/[.][.]$' |`,
    `    sed -n 's/^[-A-Za-z]*[ai][-A-Za-z]* //p' | head -n 1)`,
    `  [ -z "$lb_to" ] || { printf 'cannot remove %s: it is append-only or immutable (chattr -ai)\\n' "$lb_to" >&2; exit 1; }`,
    `elif [ ! -L "$lb_to" ]; then ${REQUIRE_CHANGEABLE}; fi`,
  ].join('\n')
