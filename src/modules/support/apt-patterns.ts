import { sh } from '../../shell/quote.ts'
import { namesIn, type AptParams } from './apt-facts.ts'
import { automatic, FIND_PACKAGES, installation, LB_HAS, REFUSALS, release, removal, UNKNOWN } from './apt-probe.ts'

/*
 * Names with patterns, such as `linux-image-*`, for the apt module. As in Ansible they stand for all packages that apt
 * knows for the architecture of the host, installed or not, and one that matches nothing is an error.
 */

/** Whether a name is a pattern. No name of a package has these characters. */
export const isPattern = (name: string): boolean => /[*?[\]!]/.test(name.split(/>?=/, 1)[0] as string)

/** Whether a name is a pattern. */
export const hasPattern = (params: Pick<AptParams, 'name'>): boolean => namesIn(params).some(isPattern)

/** The names that the patterns stand for, or an error message. */
export function matchedNames(stdout: string): readonly string[] | string {
  const lines = stdout.split('\n')
  const none = lines.filter((line) => line.startsWith('no-match ')).map((line) => line.slice('no-match '.length))
  if (none.length > 0) return `no package matches ${none.map((pattern) => `"${pattern}"`).join(', ')}`
  const found = lines.find((line) => line.startsWith('matched '))?.slice('matched '.length) ?? ''
  return [...new Set(found.split(' ').filter((name) => name !== ''))]
}

/** Sets the shell's arguments to the names, and prints them. */
const expansion = (names: readonly string[]): string[] => [
  'lb_names=',
  // Arguments: a pattern, and what is before its first special character.
  'lb_match() {',
  '  lb_some=',
  '  for lb_n in $(apt-cache pkgnames "$2"); do case $lb_n in $1) lb_some="$lb_some $lb_n" ;; esac; done',
  // apt names a package of another architecture with it.
  `  [ -z "$lb_some" ] || lb_some=$(apt-cache policy $lb_some | sed -n 's/^\\([a-z0-9][a-z0-9+.-]*\\):$/\\1/p' | tr '\\n' ' ')`,
  `  [ -n "$lb_some" ] || printf 'no-match %s\\n' "$1"`,
  '  lb_names="$lb_names $lb_some"',
  '}',
  ...names.map((name) =>
    isPattern(name) ? sh`lb_match ${name} ${name.replace(/[*?[\]!].*$/, '')}` : sh`lb_names="$lb_names "${name}`,
  ),
  'set -- $lb_names',
  'echo "matched $*"',
]

/** The part of the probe about the packages, with the lines that it prints about those with literal names. */
export function probeOfMatches(params: AptParams): string[] {
  const isThere = (status: string): string =>
    `{ lb_has '${status}' "$lb_arg" "$lb_arch" '*' || lb_has '${status}' "$lb_arg" all '*'; }`
  const select = (condition: string): string[] => [
    `lb_pending=; for lb_arg; do ${condition} lb_pending="$lb_pending $lb_arg"; done`,
    'set -- $lb_pending',
  ]
  const { state, purge } = params
  return [
    ...expansion(namesIn(params)),
    'if [ $# -gt 0 ]; then',
    `${FIND_PACKAGES} "$@" 2>/dev/null)`,
    `printf '%s\\n' "$lb_found"`,
    LB_HAS,
    ...(state === 'absent'
      ? [
          ...select(`${isThere(purge ? '?[!n]?' : '?[!nc]?')} &&`),
          ...simulated(params, removal(params), `sed -n 's/^\\(Remv\\|Purg\\) \\([^ ]*\\) \\[\\([^]]*\\).*/goes \\2 \\3/p'`),
        ]
      : [
          automatic('" $* "'),
          ...(state === 'latest' ? [sh`apt-cache ${release(params)} policy "$@"`] : select(`${isThere('?[itW]?')} ||`)),
          ...simulated(params, installation(params)),
        ]),
    'fi',
  ]
}

/** Asks apt-get whether it would refuse. An interrupted run is repaired first, which does not help with names. */
const simulated = (params: AptParams, action: readonly string[], also = ''): string[] => [
  'if [ $# -gt 0 ]; then',
  sh`  lb_refused=; lb_said=$(lb_apt_get -s -y -q ${action} -- "$@" 2>&1) || lb_refused=yes`,
  ...(also === '' ? [] : [`  printf '%s\\n' "$lb_said" | ${also}`]),
  `  if [ -n "$lb_refused" ]; then`,
  ...(params.state === 'absent'
    ? [`    [ -n "$lb_interrupted" ] || ${REFUSALS}`]
    : [`    [ -z "$lb_interrupted" ] || lb_said=$(printf '%s\\n' "$lb_said" | grep -E '${UNKNOWN}')`, `    ${REFUSALS}`]),
  '  fi',
  'fi',
]
