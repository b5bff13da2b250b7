import { quote, raw, sh } from '../../shell/quote.ts'
import {
  aptName,
  archIn,
  leastVersion,
  namesIn,
  plainName,
  updatesCache,
  versionIn,
  withoutVersion,
  type AptParams,
} from './apt-facts.ts'
import { probeMaintenance } from './apt-maintenance.ts'

/** Directory of the package lists. */
export const LISTS = '/var/lib/apt/lists/'

/** Options of an install. */
export const installation = (params: AptParams): string[] => [
  'install',
  ...release(params),
  ...(params.install_recommends === undefined
    ? []
    : [params.install_recommends ? '--install-recommends' : '--no-install-recommends']),
  ...(params.allow_downgrade ? ['--allow-downgrades'] : []),
  ...(params.only_upgrade ? ['--only-upgrade'] : []),
  ...held(params),
]

/** Options of a removal. */
export const removal = (params: AptParams): string[] => [
  params.purge ? 'purge' : 'remove',
  ...(params.autoremove ? ['--auto-remove'] : []),
  ...held(params),
]

const held = ({ allow_change_held_packages }: AptParams): string[] =>
  allow_change_held_packages ? ['--allow-change-held-packages'] : []

export const release = ({ default_release }: AptParams): string[] =>
  default_release === undefined ? [] : ['-t', default_release]

/**
 * Shell text that sets `lb_arch`, the host's architecture, and defines `lb_apt_name`, which sets `lb_name` to a package
 * as apt-get takes it literally. apt-get reads `NAME-` as a request to remove NAME, `NAME+` to install it, and a name
 * with a dot or plus that it does not know as a regular expression; likewise a version that ends in a plus. It fails if
 * apt does not know such a name or version.
 */
export const LITERAL_NAMES = `lb_arch=$(dpkg --print-architecture) || exit
lb_apt_name() {
  lb_name=$1; lb_plain=\${1%%=*}; lb_plain=\${lb_plain%%:*}
  case $lb_plain in
    *[.+]*|*-)
      apt-cache pkgnames --all-names "$lb_plain" | sed 's/:.*//' | grep -qxF -e "$lb_plain" ||
        { echo "E: Unable to locate package $lb_plain" >&2; return 100; }
  esac
  case $lb_name in
    *=*+)
      [ -n "$(apt-cache show -- "$lb_name" 2>/dev/null)" ] ||
        { echo "E: Version '\${lb_name##*=}' for '\${lb_name%=*}' was not found" >&2; return 100; } ;;
    *:*|*=*) ;;
    *[+-]) lb_name=$lb_name:$lb_arch ;;
  esac
}
# Runs apt-get: its arguments, then -- and package names.
lb_apt_get() {
  lb_options=
  for lb_arg; do
    shift
    if [ -z "$lb_options" ]; then
      [ "$lb_arg" != -- ] || lb_options=done
    else
      lb_apt_name "$lb_arg" || return
      lb_arg=$lb_name
    fi
    set -- "$@" "$lb_arg"
  done
  apt-get "$@"
}`

/**
 * Shell text that defines `lb_fresh`: the package lists are not older than `cache_valid_time`. Tested at install time,
 * too, not only at plan time: an earlier task may have updated the cache.
 */
export const definesFresh = ({ cache_valid_time = 0 }: AptParams): string => `lb_fresh() {
  for lb_f in /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*_InRelease; do
    [ -e "$lb_f" ] || continue
    [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer /var/lib/apt/lists 2>/dev/null)" ] || return 1
    [ $(( $(date +%s) - $(stat -c %Y /var/lib/apt/lists) )) -lt ${cache_valid_time} ]
    return
  done
  return 1
}`

/**
 * The probe of the `apt` module.
 * @param aboutPackages - the part about named packages, if their names are patterns
 */
export function probeApt(params: AptParams, aboutPackages?: (params: AptParams) => string[]): string {
  return [
    'export LC_ALL=C',
    'command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || exit 127',
    LITERAL_NAMES,
    'echo "arch $lb_arch"',
    'echo "now $(date +%s)"',
    'for lb_f in /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*_InRelease; do',
    '  [ -e "$lb_f" ] && { echo "lists $(stat -c %Y /var/lib/apt/lists)"; break; }',
    'done',
    '[ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer /var/lib/apt/lists 2>/dev/null)" ] || echo sources-newer',
    '[ -w /var/lib/dpkg/status ] || echo not-writable',
    'lb_interrupted=',
    // A killed run leaves a dpkg journal, or packages that are unpacked and not configured.
    '[ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || lb_interrupted=yes',
    `grep -qE '^Status: [a-z]+ [a-z]+ (half-|unpacked|triggers-)' /var/lib/dpkg/status && lb_interrupted=yes`,
    '[ -z "$lb_interrupted" ] || echo interrupted',
    ...(namesIn(params).length === 0 ? [] : (aboutPackages ?? probeOfPackages)(params)),
    ...probeMaintenance(params),
    'exit 0',
  ].join('\n')
}

/** Shell text that assigns what dpkg knows of packages to `lb_found`, up to their names. */
export const FIND_PACKAGES = `lb_found=$(dpkg-query -W -f='pkg\\t\${db:Status-Abbrev}\\t\${Package}\\t\${Architecture}\\t\${Version}\\n' --`

/** Defines `lb_has`: whether `lb_found` has a package. Arguments: patterns of status, name, architecture and version. */
export const LB_HAS = [
  "lb_tab=$(printf '\\t'); lb_nl='\n'",
  'lb_has() {',
  '  case $lb_nl$lb_found$lb_nl in *"${lb_nl}pkg$lb_tab"$1"$lb_tab$2$lb_tab"$3"$lb_tab"$4"$lb_nl"*) ;; *) return 1 ;; esac',
  '}',
].join('\n')

function probeOfPackages(params: AptParams): string[] {
  const { state } = params
  const names = namesIn(params)
  return [
    // Without architectures: dpkg-query does not find a package of architecture "all" as NAME:amd64.
    sh`${raw(FIND_PACKAGES)} ${unique(names.map(plainName))} 2>/dev/null)`,
    `printf '%s\\n' "$lb_found"`,
    LB_HAS,
    ...unique(names.filter((name) => archIn(name) === undefined).map(plainName)).map(foreignOnly),
    ...(state === 'absent' ? probeOfRemoval(params) : probeOfInstall(params)),
  ]
}

/** Reports a name that is installed for a foreign architecture only, although apt has it for the host's own. */
const foreignOnly = (name: string): string =>
  [
    sh`if lb_has '?[itW]?' ${name} '*' '*' && ! lb_has '?[itW]?' ${name} "$lb_arch" '*' && ! lb_has '?[itW]?' ${name} all '*'; then`,
    sh`  case $(apt-cache policy ${name}:"$lb_arch") in *'Candidate: (none)'*) ;; *Candidate:*) echo native ${name} ;; esac`,
    'fi',
  ].join('\n')

/** A shell condition: the package is there with one of these states. */
function isThere(wanted: string, status: string): string {
  const name = plainName(wanted)
  const arch = archIn(wanted)
  const version = versionIn(wanted) ?? '*'
  const has = (of: string): string => sh`lb_has ${status} ${name}` + ` ${of} ` + sh`${version}`
  if (arch === undefined) return `{ ${has('"$lb_arch"')} || ${has('all')}; }`
  return `{ ${has(quote(arch))} || { [ "$lb_arch" = ${quote(arch)} ] && ${has('all')}; }; }`
}

/** A shell condition: the package is installed, in a version that the name accepts. */
function isSatisfied(wanted: string): string {
  const least = leastVersion(wanted)
  const installed = isThere(wanted, '?[itW]?')
  if (least === undefined) return installed
  const name = archIn(wanted) === undefined ? plainName(wanted) : withoutVersion(wanted)
  return `{ ${installed} && dpkg --compare-versions "$(dpkg-query -W -f='\${Version}' -- ${quote(name)} 2>/dev/null)" ge ${quote(least)}; }`
}

/** Names what apt removes in addition, and why it refuses. */
function probeOfRemoval(params: AptParams): string[] {
  const status = params.purge ? '?[!n]?' : '?[!nc]?'
  return [
    'set --',
    ...namesIn(params).map((name) => `${isThere(name, status)} && ${sh`set -- "$@" ${withoutVersion(name)}`}`),
    'if [ $# -gt 0 ]; then',
    '  lb_refused=',
    sh`  lb_said=$(lb_apt_get -s -y -q ${removal(params)} -- "$@" 2>&1) || [ -n "$lb_interrupted" ] || lb_refused=yes`,
    `  printf '%s\\n' "$lb_said" | sed -n 's/^\\(Remv\\|Purg\\) \\([^ ]*\\) \\[\\([^]]*\\).*/goes \\2 \\3/p'`,
    `  [ -z "$lb_refused" ] || ${REFUSALS}`,
    'fi',
  ]
}

/** apt's errors about names, versions and sources. */
export const UNKNOWN = '^E: (Unable to locate|Version .* not found|.* has no installation candidate|Malformed|The value )'

/** apt's errors, and the dependencies that it cannot satisfy. */
export const REFUSALS = `printf '%s\\n' "$lb_said" | sed -n 's/^E: /refused /p; s/^  *\\([a-z0-9][^ ]* : [A-Z][A-Za-z-]*: .*\\)/refused \\1/p'`

function probeOfInstall(params: AptParams): string[] {
  const { state, cache_valid_time } = params
  const names = namesIn(params)
  const missing = names.map((name) => `${isSatisfied(name)} || ${sh`set -- "$@" ${aptName(name)}`}`)
  const provided = unique(names.filter((name) => plainName(name) === name))
  // After an update of the package lists, apt may decide otherwise.
  const isDecided = !updatesCache(params) || cache_valid_time !== undefined
  return [
    automatic(quote(` ${unique(names.map(plainName)).join(' ')} `)),
    ...(state === 'latest' || names.some((name) => leastVersion(name) !== undefined)
      ? [
          sh`lb_policy=$(apt-cache ${release(params)} policy ${names.map(withoutVersion)})`,
          `printf '%s\\n' "$lb_policy"`,
        ]
      : []),
    'set --',
    ...missing,
    // Another package may provide the name (mawk provides awk). Queried only for names that are not installed.
    ...(state === 'present' && provided.length > 0 ? [probeOfProvided(provided)] : []),
    ...(isDecided
      ? [
          ...(state === 'latest'
            ? [
                `[ $# -gt 0 ] || [ -z "$(printf '%s\\n' "$lb_policy" | sed -n '/^  Installed: /{s/.*: //;h;}; /^  Candidate: /{s/.*: //;G;/^\\(.*\\)\\n\\1$/!p;}')" ] || set -- some`,
                sh`[ $# -eq 0 ] || set -- ${names}`,
              ]
            : []),
          ...(updatesCache(params) ? [definesFresh(params)] : []),
          `if [ $# -gt 0 ]${updatesCache(params) ? ' && lb_fresh' : ''}; then`,
          sh`  lb_said=$(lb_apt_get -s -y -q ${installation(params)} -- "$@" 2>&1) || {`,
          // Repairing an interrupted run may help with dependencies, but not with names.
          `    [ -z "$lb_interrupted" ] || lb_said=$(printf '%s\\n' "$lb_said" | grep -E '${UNKNOWN}')`,
          `    ${REFUSALS}`,
          '  }',
          'fi',
        ]
      : []),
  ]
}

/**
 * Lists which of the names were installed as dependencies only.
 * @param names - shell text: the names, with a blank around each
 */
export const automatic = (names: string): string =>
  [
    `[ ! -r /var/lib/apt/extended_states ] || awk -v RS= -v names=${names} '`,
    '  { name = arch = ""; auto = 0; count = split($0, line, "\\n")',
    '    for (i = 1; i <= count; i++)',
    '      if (line[i] ~ /^Package: /) name = substr(line[i], 10)',
    '      else if (line[i] ~ /^Architecture: /) arch = substr(line[i], 15)',
    '      else if (line[i] == "Auto-Installed: 1") auto = 1',
    `    if (auto && index(names, " " name " ")) print "automatic " name ":" arch }' /var/lib/apt/extended_states`,
  ].join('\n')

/** Removes names that installed packages provide from the shell's arguments. */
const probeOfProvided = (names: readonly string[]): string =>
  [
    'if [ $# -gt 0 ]; then',
    sh`  lb_provided=$(dpkg-query -W -f='\${db:Status-Abbrev}\t\${Provides}\n' | sed -n "s/^.[itW].$lb_tab//p" | tr ', ' '\n\n' | grep -xF ${names.flatMap((name) => ['-e', name])} | sort -u)`,
    `  [ -z "$lb_provided" ] || printf '%s\\n' "$lb_provided" | sed 's/^/provided /'`,
    '  for lb_arg; do',
    '    shift',
    '    case $lb_nl$lb_provided$lb_nl in *"$lb_nl$lb_arg$lb_nl"*) ;; *) set -- "$@" "$lb_arg" ;; esac',
    '  done',
    'fi',
  ].join('\n')

const unique = (names: readonly string[]): string[] => [...new Set(names)]
