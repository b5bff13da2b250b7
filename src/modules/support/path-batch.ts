import { quote, sh } from '../../shell/quote.ts'
import { variableSuffix, type FactCollector, type FactQuery } from '../../shell/fact-queries.ts'

/** Files up to this size are fetched for a diff. */
export const DIFF_LIMIT = 256 * 1024

/** Separator of the fields of {@link STAT_FORMAT}: names of users and groups may contain spaces. */
export const TAB = '\t'
/** Type and mode in hexadecimal, uid, gid, size, mtime, names of user and group. */
export const STAT_FORMAT = ['%f', '%u', '%g', '%s', '%Y', '%U', '%G'].join(TAB)

/** Pattern of a `stat` row of a world-readable file. Other files stay out of diffs and records. */
export const PUBLIC = '8??[4567cdef]*'
/** Assigns the size in the row `$lb_f` to `$lb_z`. */
export const SIZE = `lb_z=\${lb_f#*'${TAB}'*'${TAB}'*'${TAB}'}; lb_z=\${lb_z%%'${TAB}'*}`

/** When a path's hash is needed: if it has this many bytes; if a diff must not show it; always. */
export type HashIf = number | 'never' | 'confidential' | 'always'

/** Variable with the `stat` row of an existing path, if a batch queried it. */
export const statVariable = (path: string): string => `lb_stat_${variableSuffix(path)}`
/** Variable with the SHA-256 of a file, if a batch queried it. */
export const sumVariable = (path: string): string => `lb_sum_${variableSuffix(path)}`

/** Batched facts about a path: one `stat` and one `sha256sum` for many paths. */
export function batchedPath(path: string, hashIf: HashIf): FactQuery[] {
  // sha256sum escapes such names.
  return /[\n\\]/.test(path) ? [] : [{ collector: pathQueries, args: [path, String(hashIf)] }]
}

const pathQueries: FactCollector = {
  compose(queries) {
    const distinct = [...new Set(queries.map(([path = '']) => path))]
    const hashed = queries.filter(([, hashIf]) => hashIf !== 'never')
    return [
      sh`lb_keys=; set -- ${distinct.flatMap((path) => [variableSuffix(path), path])}`,
      // Existing paths are appended to the list, so that the rows of stat are in their order.
      forEach(2, 'if [ -e "$2" ] || [ -L "$2" ]; then lb_keys="$lb_keys $1"; set -- "$@" "$2"; fi'),
      assign('lb_stat', `stat -c '${STAT_FORMAT}' -- "$@"`, '$1'),
      ...(hashed.length === 0 ? [] : sumScript(hashed)),
    ].join('\n')
  },
}

function sumScript(queries: readonly (readonly string[])[]): string[] {
  const wanted = `case $3 in always) ;; confidential) case $lb_f in ${PUBLIC}) [ "$lb_z" -gt ${DIFF_LIMIT} ];; esac;; *) [ "$lb_z" = "$3" ];; esac`
  return [
    sh`lb_keys=; set -- ${queries.flatMap(([path = '', hashIf = '']) => [variableSuffix(path), path, hashIf])}`,
    forEach(
      3,
      `eval "lb_f=\\\${lb_stat_$1-}"; case $lb_f in 8*) ${SIZE}; if ${wanted}; then lb_keys="$lb_keys $1"; set -- "$@" "$2"; fi;; esac`,
    ),
    assign('lb_sum', 'sha256sum -- "$@"', '${1%% *}'),
  ]
}

/** Runs shell text for each group of words, which it removes from the list; words that the text appends stay. */
const forEach = (words: number, text: string): string =>
  `lb_left=$#; while [ "$lb_left" -gt 0 ]; do lb_left=$((lb_left - ${words}))\n${text}\nshift ${words}; done`

/** Assigns each line that a command prints about the list to the variable of its key, if there is a line for each. */
const assign = (prefix: string, command: string, value: string): string =>
  [
    'if [ $# -gt 0 ]; then',
    `lb_left=$#; lb_all=$(${command}); set -f; IFS=${quote('\n')}; set -- $lb_all; IFS=${quote(' \t\n')}; set +f`,
    `if [ $# -eq "$lb_left" ]; then for lb_key in $lb_keys; do eval "${prefix}_$lb_key=\\${value}"; shift; done; fi`,
    'fi',
  ].join('\n')
