import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { quote, raw, sh } from '../../shell/quote.ts'
import { reveal, type Secret } from '../../values/secret.ts'

/** Parameters of `docker_stack` that say what is deployed. */
interface Composed {
  readonly compose: readonly (string | Readonly<Record<string, unknown>>)[]
  readonly content?: string | Secret | undefined
  readonly prune: boolean | 'owned'
}

/** Paths of the Compose files on the host. */
export const composeFiles = ({ compose }: Composed): string[] => compose.filter((it) => typeof it === 'string')

/** Compose files as text: inline mappings, then `content`. */
export const inlineTexts = (params: Composed, indent?: number): (string | Secret)[] => [
  ...params.compose.filter((it) => typeof it !== 'string').map((it) => JSON.stringify(it, null, indent)),
  ...(params.content === undefined ? [] : [params.content]),
]

const lastTexts = (params: Composed): (string | Secret)[] => [...inlineTexts(params), `prune ${params.prune !== false}`]

/** Shell function `lb_compose`: prints the checksum of all files and texts, or `no-compose <path>`. */
export function checksum(params: Composed): string {
  const paths = composeFiles(params)
  return [
    'lb_compose() {',
    ...paths.map((path) => sh`  [ -r ${path} ] || { echo ${`no-compose ${path}`}; return 1; }`),
    sh`  lb_hash=$({ ${raw(printFiles(paths))}printf '%s\\n' ${lastTexts(params)}; } | sha256sum) || return`,
    '  echo "${lb_hash%% *}"',
    '}',
  ].join('\n')
}

/** The checksum that {@link checksum} prints for files with these contents. */
export function checksumOf(params: Composed, contents: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(content).update('\n')
  for (const text of lastTexts(params)) hash.update(`${reveal(text)}\n`)
  return hash.digest('hex')
}

const printFiles = (paths: readonly string[]): string => paths.map((path) => sh`cat ${path}; echo; `).join('')

/**
 * Shell functions about what Compose files name: files (`env_file`, and `file` of configs and secrets) and variables of
 * the environment. `lb_named` prints `f PATH` and `v NAME`, `lb_inputs` the checksum of their contents, or nothing.
 * `docker stack config` would know more, but Docker before 23 does not have it.
 */
export function defineInputs(params: Composed): string {
  const [first] = composeFiles(params)
  const texts = inlineTexts(params, 1)
  const printTexts = texts.length === 0 ? ':' : sh`printf '%s\\n' ${texts}`
  return [
    'lb_named() {',
    `  { ${printFiles(composeFiles(params))}${printTexts}; } 2>/dev/null | awk -v base=${quote(first === undefined ? '' : posix.dirname(first))} ${quote(NAMES)} | sort -u`,
    '}',
    'lb_inputs() {',
    '  lb_hash=$(lb_named); [ -n "$lb_hash" ] || return 0',
    `  lb_hash=$(printf '%s\\n' "$lb_hash" | while IFS= read -r lb_line; do`,
    `    printf '%s\\n' "$lb_line"`,
    '    case $lb_line in "v "*) printenv "${lb_line#v }" ;; *) cat -- "${lb_line#f }" 2>/dev/null; echo ;; esac',
    '  done | sha256sum)',
    '  echo "${lb_hash%% *}"',
    '}',
  ].join('\n')
}

/** Whether Compose files with these contents, or inline, may name files (`file`, `env_file`) or variables. */
export const namesInputs = (params: Composed, contents: readonly Buffer[]): boolean =>
  [...contents.map(String), ...inlineTexts(params).map(reveal)].some((text) => NAMES_INPUTS.test(text))

/** `max-file` of a log driver is no file, nor is a file in a comment. */
const NAMES_INPUTS = /\$|(?:^|[\s{,"'])(?:\w+_)?file["']?\s*:/m

/**
 * Awk program that prints what lines of YAML or JSON name. A variable counts if it is set, as `$NAME`, or as an entry
 * without a value. Relative paths are below the directory of the first Compose file.
 */
const NAMES = `
function file(text, n, i, items, path) {
  sub(/[ \\t]#.*$/, "", text)
  n = split(text, items, ",")
  for (i = 1; i <= n; i++) {
    path = items[i]
    sub(/^[ \\t]*-[ \\t]+/, "", path)
    sub(/^[ \\t"\\047[]+/, "", path)
    sub(/[]} \\t"\\047]+$/, "", path)
    if (path == "" || path ~ /[$:]/) continue
    sub(/^[.]\\//, "", path)
    if (path ~ /^\\//) print "f " path
    else if (base != "") print "f " base "/" path
  }
}
function variable(name) { if (name in ENVIRON) print "v " name }
/^[ \\t]*#/ { next }
{
  if (open) {
    if ($0 ~ /:([ \\t]|$)/) open = 0
    else { file($0); if (index($0, "]")) open = 0 }
  }
  rest = $0
  while (match(rest, /(^|[ \\t{,"\\047-])(env_)?file["\\047]?[ \\t]*:/)) {
    rest = substr(rest, RSTART + RLENGTH)
    value = rest
    if (value ~ /^[ \\t]*\\[/) {
      open = !index(value, "]")
      if (!open) value = substr(value, 1, index(value, "]"))
    } else {
      sub(/,.*$/, "", value)
      open = value ~ /^[ \\t]*(#.*)?$/
    }
    file(value)
  }
  rest = $0
  gsub(/[$][$]/, "", rest)
  while (match(rest, /[$][{]?[A-Za-z_][A-Za-z0-9_]*/)) {
    name = substr(rest, RSTART, RLENGTH)
    sub(/^[$][{]?/, "", name)
    variable(name)
    rest = substr(rest, RSTART + RLENGTH)
  }
  entry = $0
  sub(/[ \\t]#.*$/, "", entry)
  gsub(/["\\047, \\t]/, "", entry)
  sub(/^-/, "", entry)
  sub(/:(null|~)?$/, "", entry)
  if (entry ~ /^[A-Za-z_][A-Za-z0-9_]*$/) variable(entry)
}`
