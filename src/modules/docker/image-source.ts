import { raw, sh } from '../../shell/quote.ts'
import { engineRequest, findSocket } from './engine.ts'

/** The parameters of `docker_image` that name the source of an image. */
export interface ImageSource {
  readonly source: 'pull' | 'build' | 'load' | 'import' | 'local'
  readonly build?: BuildSource | undefined
  readonly archive_path?: string | undefined
  readonly checksum_of?: string | undefined
  readonly changes: readonly string[]
}

interface BuildSource {
  readonly path: string
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly target?: string | undefined
  readonly network?: string | undefined
}

/** Label that holds the checksum of an image's source. */
export const SOURCE_LABEL = 'labbook.source'

/**
 * Shell function `lb_source`: prints `source <sha256>` of everything that an image is built from, or `no-source
 * <path>`. The probe compares it to the image's label; the change runs it again after pulling the base images.
 */
export function sourceChecksum(params: ImageSource): string {
  switch (params.source) {
    case 'build':
      return buildChecksum(params)
    case 'import':
      return importChecksum(params)
    case 'load':
      return loadChecksum(params)
    case 'pull':
    case 'local':
      return ''
  }
}

function buildChecksum({ build }: ImageSource): string {
  if (build === undefined) return ''
  const settings = JSON.stringify([build.dockerfile, build.args, build.labels, build.target, build.network])
  return [
    findSocket,
    sh`lb_path=${build.path}`,
    sh`lb_file=${build.dockerfile}`,
    basesFunction(build.args),
    'lb_source() {',
    '  [ -e "$lb_path/$lb_file" ] || { echo "no-source $lb_path/$lb_file"; return 1; }',
    '  lb_sum=$({',
    sh`    printf '%s\\n' ${settings}`,
    // The checksum includes the ids of base images; one that is not on this host counts by name only.
    `    for lb_base in $(lb_bases); do echo "$lb_base"; ${engineRequest('/images/$lb_base/json')} | grep -o '"Id":"[^"]*"'; done`,
    '    cd "$lb_path" && { find . -type f -exec sha256sum {} +; find . -exec stat -c "%a %F %N" {} +; } | LC_ALL=C sort',
    '  } | sha256sum) || return',
    '  echo "source ${lb_sum%% *}"',
    '}',
  ].join('\n')
}

/** Shell function `lb_bases`: base images of a Dockerfile, without its own stages. */
function basesFunction(args: Readonly<Record<string, string>>): string {
  const text = (value: string): string => `"${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
  const presets = Object.entries(args).map(([key, value]) => `given[${text(key)}] = arg[${text(key)}] = ${text(value)}`)
  const program = [
    `BEGIN { ${presets.join('; ')} }`,
    'function filled(name,   key) {',
    '  for (key in arg) {',
    '    if ((at = index(name, "${" key "}")) > 0) name = substr(name, 1, at - 1) arg[key] substr(name, at + length(key) + 3)',
    '    if (name == "$" key) name = arg[key]',
    '  }',
    '  return name',
    '}',
    'toupper($1) == "ARG" && split($2, pair, "=") == 2 && !(pair[1] in given) { gsub(/"/, "", pair[2]); arg[pair[1]] = pair[2] }',
    'toupper($1) == "FROM" {',
    '  at = 2; while ($at ~ /^--/) at++',
    '  base = filled($at)',
    '  if (!(base in stage) && base != "scratch" && base !~ /[$]/) print base',
    '  for (at++; at < NF; at++) if (toupper($at) == "AS") stage[$(at + 1)] = 1',
    '}',
  ].join('\n')
  return `lb_bases() { awk ${sh`${program}`} "$lb_path/$lb_file"; }`
}

function importChecksum({ archive_path, checksum_of, changes }: ImageSource): string {
  const file = checksum_of ?? archive_path ?? ''
  return [
    'lb_source() {',
    sh`  [ -r ${file} ] || { echo ${`no-source ${file}`}; return 1; }`,
    sh`  lb_sum=$({ printf '%s\\n' ${JSON.stringify(changes)}; sha256sum <${file}; } | sha256sum) || return`,
    '  echo "source ${lb_sum%% *}"',
    '}',
  ].join('\n')
}

/** A `docker save` archive names its image by the digest of the configuration, which is the image id. */
function loadChecksum({ archive_path = '' }: ImageSource): string {
  return [
    'lb_source() {',
    sh`  [ -r ${archive_path} ] || { echo ${`no-source ${archive_path}`}; return 1; }`,
    sh`  tar -xOf ${archive_path} manifest.json 2>/dev/null | sed -n ${raw(`'s/^\\[{"Config":"\\([^"]*\\)".*/archive \\1/p'`)}`,
    '}',
  ].join('\n')
}
