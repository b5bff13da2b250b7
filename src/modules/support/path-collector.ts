import { quote, sh } from '../../shell/quote.ts'
import { nameOf, type Collector, type Shared } from '../../shell/shared.ts'

/** Files up to this size are fetched for a diff. */
export const DIFF_LIMIT = 256 * 1024

/** Between the fields of {@link STAT_FORMAT}: names of users and groups may hold spaces. */
export const TAB = '\t'
/** Type and mode in hexadecimal, uid, gid, size, mtime, names of user and group. */
export const STAT_FORMAT = ['%f', '%u', '%g', '%s', '%Y', '%U', '%G'].join(TAB)

/** Of a row of `stat`: a file with other people's read bit. What only some may read stays out of diffs and records. */
export const PUBLIC = '8??[4567cdef]*'
/** Puts the size that stands in the row `$lb_f` into `$lb_z`. */
export const SIZE = `lb_z=\${lb_f#*'${TAB}'*'${TAB}'*'${TAB}'}; lb_z=\${lb_z%%'${TAB}'*}`

/** Whether a path's hash is wanted: where it is of so many bytes; where a diff must not show it; in any case. */
export type HashIf = number | 'never' | 'confidential' | 'always'

/** The row of `stat` for a path that is there, where it was asked for together with others. */
export const statVariable = (path: string): string => `lb_stat_${nameOf(path)}`
/** The SHA-256 of a file, where it was asked for together with others. */
export const sumVariable = (path: string): string => `lb_sum_${nameOf(path)}`

/** What is known of a path by one `stat` and one `sha256sum` for many of them. */
export function sharedPath(path: string, hashIf: HashIf): Shared[] {
  // sha256sum would write such names in a form of its own.
  return /[\n\\]/.test(path) ? [] : [{ by: paths, words: [path, String(hashIf)] }]
}

const paths: Collector = {
  compose(asked) {
    const distinct = [...new Set(asked.map(([path = '']) => path))]
    const hashed = asked.filter(([, hashIf]) => hashIf !== 'never')
    return [
      sh`lb_keys=; set -- ${distinct.flatMap((path) => [nameOf(path), path])}`,
      // Those that are there go to the end of the list, so that the rows of stat are theirs in order.
      forEach(2, 'if [ -e "$2" ] || [ -L "$2" ]; then lb_keys="$lb_keys $1"; set -- "$@" "$2"; fi'),
      assign('lb_stat', `stat -c '${STAT_FORMAT}' -- "$@"`, '$1'),
      ...(hashed.length === 0 ? [] : sums(hashed)),
    ].join('\n')
  },
}

function sums(asked: readonly (readonly string[])[]): string[] {
  const wanted = `case $3 in always) ;; confidential) case $lb_f in ${PUBLIC}) [ "$lb_z" -gt ${DIFF_LIMIT} ];; esac;; *) [ "$lb_z" = "$3" ];; esac`
  return [
    sh`lb_keys=; set -- ${asked.flatMap(([path = '', hashIf = '']) => [nameOf(path), path, hashIf])}`,
    forEach(
      3,
      `eval "lb_f=\\\${lb_stat_$1-}"; case $lb_f in 8*) ${SIZE}; if ${wanted}; then lb_keys="$lb_keys $1"; set -- "$@" "$2"; fi;; esac`,
    ),
    assign('lb_sum', 'sha256sum -- "$@"', '${1%% *}'),
  ]
}

/** Runs text for each so many words of the list, which it takes off; words that the text adds at the end stay. */
const forEach = (words: number, text: string): string =>
  `lb_left=$#; while [ "$lb_left" -gt 0 ]; do lb_left=$((lb_left - ${words}))\n${text}\nshift ${words}; done`

/** Puts each line that a command prints about the list into the variable of its key, if there is a line for each. */
const assign = (prefix: string, command: string, value: string): string =>
  [
    'if [ $# -gt 0 ]; then',
    `lb_left=$#; lb_all=$(${command}); set -f; IFS=${quote('\n')}; set -- $lb_all; IFS=${quote(' \t\n')}; set +f`,
    `if [ $# -eq "$lb_left" ]; then for lb_key in $lb_keys; do eval "${prefix}_$lb_key=\\${value}"; shift; done; fi`,
    'fi',
  ].join('\n')
