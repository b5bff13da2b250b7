import type { AptParams } from './apt-facts.ts'

/** Options for dpkg in those of apt-get. */
export const dpkgOptions = ({ dpkg_options }: AptParams): string[] =>
  dpkg_options.flatMap((option) => ['-o', `Dpkg::Options::=--${option}`])

/** Options of apt-get for a change without names. */
export const aptOptions = (params: AptParams): string[] => [
  ...dpkgOptions(params),
  ...(params.default_release === undefined ? [] : ['-t', params.default_release]),
  ...(params.install_recommends === undefined
    ? []
    : [params.install_recommends ? '--install-recommends' : '--no-install-recommends']),
  ...(params.allow_downgrade ? ['--allow-downgrades'] : []),
  ...(params.allow_change_held_packages ? ['--allow-change-held-packages'] : []),
]

/** A step of {@link aptScript} that updates the package lists. */
export const REFRESH = [
  'lb_apt apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update || exit',
  // apt leaves the directory untouched if the mirror has nothing new.
  'touch /var/lib/apt/lists || exit',
].join('\n')

/** Shell text that updates the package lists; waits while another process has their lock. */
export const lockedRefresh = (lockTimeout = 300): string => aptScript({ lock_timeout: lockTimeout }, false, [REFRESH])

/** Shell text that runs steps in apt's environment, where `lb_apt` retries while another process holds a lock. */
export function aptScript(params: Pick<AptParams, 'lock_timeout'>, repair: boolean, steps: readonly string[]): string {
  return [
    'export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a',
    'lb_err=$(mktemp) || exit',
    `trap 'rm -f "$lb_err"' EXIT`,
    // Uptime, because the system clock may be set meanwhile.
    'lb_now() { read -r lb_up lb_idle </proc/uptime; lb_up=${lb_up%%.*}; }',
    'lb_apt() {',
    // Through a terminal of apt-get's, errors of dpkg would be among its progress on stdout.
    '  case $1 in dpkg) ;; *) lb_get=$1; shift; set -- "$lb_get" -o Dpkg::Use-Pty=0 "$@" ;; esac',
    `  lb_now; lb_until=$((lb_up + ${params.lock_timeout}))`,
    '  while :; do',
    '    "$@" 2>"$lb_err" && { cat "$lb_err" >&2; return 0; } || lb_status=$?',
    `    grep -qE 'Could not get lock|was locked by another process' "$lb_err" && lb_now && [ "$lb_up" -lt "$lb_until" ] || break`,
    '    sleep 2',
    '  done',
    '  cat "$lb_err" >&2',
    // At the end, where the message of the task is: apt-get says no more than that dpkg failed.
    `  awk '/^dpkg: error processing/ { printf "%s", $0; if ((getline) > 0) { sub(/^ +/, " "); printf "%s", $0 } print "" }' "$lb_err" >&2`,
    '  return "$lb_status"',
    '}',
    // `dpkg --configure` fails if a dependency is not unpacked yet; `--fix-broken` installs it.
    ...(repair ? ['lb_apt dpkg --configure -a || :', 'lb_apt apt-get -y -q --fix-broken install || exit'] : []),
    ...steps,
  ].join('\n')
}
