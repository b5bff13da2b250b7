import { raw, sh } from '../../shell/quote.ts'
import { splitWords } from '../../shell/split-words.ts'

/** Parameters of `pip`. */
export interface PipParams {
  readonly name?: readonly string[] | undefined
  readonly version?: string | undefined
  readonly requirements?: string | undefined
  readonly virtualenv?: string | undefined
  readonly virtualenv_site_packages: boolean
  readonly virtualenv_command?: string | undefined
  readonly virtualenv_python?: string | undefined
  readonly state: 'present' | 'absent' | 'latest' | 'forcereinstall'
  readonly extra_args?: string | undefined
  readonly chdir?: string | undefined
  readonly executable?: string | undefined
  readonly umask?: number | undefined
  readonly break_system_packages: boolean
}

/** The requirements as pip takes them. */
export function requirementsOf({ name = [], version }: PipParams): string[] {
  if (version === undefined) return [...name]
  const specifier = version.trim()
  return [`${name[0] ?? ''}${/^\d/.test(specifier) ? `==${specifier}` : specifier}`]
}

const wanted = (params: PipParams): string[] =>
  params.requirements === undefined ? requirementsOf(params) : ['-r', params.requirements]

const extraArgs = ({ extra_args = '' }: PipParams): string[] => splitWords(extra_args)

/** Options of `extra_args` on which it depends whether the requirements are met. */
const comparedArgs = (params: PipParams): string[] =>
  extraArgs(params).flatMap((word, place, words) => {
    if (/^(?:--constraint|-[qv]*c)$/.test(word)) return words.slice(place, place + 2)
    return /^(?:--user$|--pre$|--constraint=|-[qv]*c)/.test(word) ? [word] : []
  })

/** Whether `extra_args` name a file with constraints. */
export const hasConstraints = (params: PipParams): boolean =>
  comparedArgs(params).some((word) => !/^--(?:user|pre)$/.test(word))

/** Changes to the working directory, and defines `lb_pip`. `$lb_py` is its Python, if known. */
function definePip({ chdir, umask, virtualenv, executable, break_system_packages }: PipParams): string {
  return [
    'export LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_COLOR=1 PIP_ROOT_USER_ACTION=ignore',
    ...(break_system_packages ? ['export PIP_BREAK_SYSTEM_PACKAGES=1'] : []),
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(4, '0')}`]),
    // python3 imports modules of the working directory first: it must be none where others may write, such as /tmp.
    sh`cd ${chdir ?? '/'} || exit`,
    ...(virtualenv !== undefined
      ? [sh`lb_env=${virtualenv}; lb_py=$lb_env/bin/python; lb_pip() { PATH=$lb_env/bin:$PATH "$lb_py" -m pip "$@"; }`]
      : executable !== undefined
        ? [
            sh`lb_exe=$(command -v ${executable}) || lb_exe=${executable}; lb_pip() { "$lb_exe" "$@"; }`,
            `lb_py=$(sed -n '1s/^#! *//p' "$lb_exe" 2>/dev/null | head -n 1); lb_py=\${lb_py%% *}`,
          ]
        : [
            'lb_py=python3; if python3 -c "import pip" 2>/dev/null; then lb_pip() { python3 -m pip "$@"; }',
            'else lb_pip() { pip3 "$@"; }; fi',
          ]),
  ].join('\n')
}

/** Prints which command creates environments. */
const defineVenv = ({ virtualenv_command }: PipParams): string =>
  virtualenv_command === undefined
    ? 'lb_venv=virtualenv; command -v virtualenv >/dev/null || lb_venv="python3 -m venv"'
    : sh`lb_venv=${virtualenv_command}`

/** Without an index, and without configuration that names other sources: pip can install no distribution by name. */
const WITHOUT_SOURCES = 'PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_NO_INDEX=1 PIP_BREAK_SYSTEM_PACKAGES=1'

/** Asks pip whether the requirements are met. */
export function probePip(params: PipParams): string {
  const { state, virtualenv, requirements } = params
  const options = extraArgs(params)
  const asked = [...comparedArgs(params), ...wanted(params)]
  return [
    definePip(params),
    ...(requirements === undefined ? [] : [sh`[ -f ${requirements} ] || { echo no-requirements; exit 0; }`]),
    ...(virtualenv === undefined
      ? []
      : [
          'if ! [ -e "$lb_env/bin/activate" ]; then',
          `  echo no-environment; ${defineVenv(params)}`,
          '  command -v "${lb_venv%% *}" >/dev/null || echo "no-program ${lb_venv%% *}"',
          // Debian has ensurepip in a separate package.
          '  case $lb_venv in *"-m venv") "${lb_venv%% *}" -c "import ensurepip" 2>/dev/null || echo no-ensurepip ;; esac',
          '  exit 0',
          'fi',
        ]),
    'lb_pip --version >/dev/null 2>&1 || { echo no-pip; exit 0; }',
    ...(virtualenv === undefined ? [MANAGED] : []),
    state === 'absent'
      ? "lb_pip list --format=freeze 2>/dev/null | sed 's/^/has /'"
      : state === 'latest'
        ? [
            sh`lb_said=$(PIP_BREAK_SYSTEM_PACKAGES=1 lb_pip install --dry-run -U ${options} ${wanted(params)} 2>&1); lb_code=$?`,
            `printf '%s\\n' "$lb_said" | sed -n 's/^Would install /would /p'`,
            '[ "$lb_code" = 0 ] || { printf \'%s\\n\' "$lb_said" >&2; echo no-answer; }',
          ].join('\n')
        : state === 'forcereinstall'
          ? ':'
          : requirements === undefined && !hasConstraints(params)
            ? sh`if ${raw(WITHOUT_SOURCES)} lb_pip install ${asked} >/dev/null 2>&1; then echo met; fi`
            : askDry(asked, hasConstraints(params) ? undefined : requirements),
  ].join('\n')
}

/** Lines of a requirements file that name distributions only. An archive may be a file. */
const PLAIN_LINE =
  '^[[:space:]]*([A-Za-z0-9][A-Za-z0-9._-]*(\\[[^]]*\\])?[[:space:]]*([<>=!~;].*|#.*)?)?$|^[[:space:]]*#'
const ARCHIVE_LINE = '^[[:space:]]*[A-Za-z0-9._-]*\\.(whl|zip|tar|t[gbxl]z|tar\\.[a-z0-9]+)([^A-Za-z0-9._-]|$)'

/**
 * Asks whether a file is met, of requirements or constraints: it may name paths and URLs, which pip would install. A
 * pip before 22.2 has no `--dry-run`, and is asked about files without them only.
 *
 * @param requirements - the file; undefined: there are constraints, too.
 */
const askDry = (asked: readonly string[], requirements: string | undefined): string =>
  [
    sh`lb_said=$(${raw(WITHOUT_SOURCES)} lb_pip install --dry-run ${asked} 2>&1); lb_code=$?`,
    'case $lb_said in',
    '*"no such option: --dry-run"*)',
    ...(requirements === undefined
      ? []
      : [
          sh`  if ! grep -q -i -E -e ${ARCHIVE_LINE} -- ${requirements} &&`,
          sh`    ! grep -q -v -E -e ${PLAIN_LINE} -- ${requirements}; then`,
          sh`    if ${raw(WITHOUT_SOURCES)} lb_pip install ${asked} >/dev/null 2>&1; then echo met; fi; exit 0`,
          '  fi',
        ]),
    '  printf \'%s\\n\' "$lb_said" >&2; echo no-answer ;;',
    `*"Would install "*) printf '%s\\n' "$lb_said" | sed -n 's/^Would install /would /p' ;;`,
    '*) [ "$lb_code" != 0 ] || echo met ;;',
    'esac',
  ].join('\n')

/** Prints `managed` if PEP 668 forbids pip to change this Python. */
const MANAGED = [
  `[ -n "\${PIP_BREAK_SYSTEM_PACKAGES-}" ] || "$lb_py" -c 'import os, sys, sysconfig`,
  `sys.exit(sys.prefix != sys.base_prefix or not os.path.exists(sysconfig.get_path("stdlib") + "/EXTERNALLY-MANAGED"))' \\`,
  '  2>/dev/null && echo managed',
].join('\n')

/** Creates the virtual environment. */
export function createEnvironment(params: PipParams): string {
  const { virtualenv_site_packages, virtualenv_python, virtualenv = '' } = params
  const options = [
    ...(virtualenv_site_packages ? ['--system-site-packages'] : []),
    ...(virtualenv_python === undefined ? [] : ['-p', virtualenv_python]),
  ]
  return [definePip(params), defineVenv(params), sh`$lb_venv ${options} ${virtualenv} >/dev/null || exit`].join('\n')
}

const COMMANDS = {
  present: ['install'],
  latest: ['install', '-U'],
  forcereinstall: ['install', '-U', '--force-reinstall'],
  absent: ['uninstall', '-y'],
} as const

/** Runs pip. */
export const runPip = (params: PipParams): string =>
  [definePip(params), sh`lb_pip ${[...COMMANDS[params.state]]} ${extraArgs(params)} ${wanted(params)} || exit`].join(
    '\n',
  )
