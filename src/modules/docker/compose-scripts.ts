import { sh } from '../../shell/quote.ts'
import { engineRequest, requireEngine } from './engine.ts'

/** Parameters of `docker_compose_v2`. */
export interface ComposeParams {
  readonly project_src?: string | undefined
  readonly project_name?: string | undefined
  readonly files?: readonly string[] | undefined
  readonly definition?: Readonly<Record<string, unknown>> | undefined
  readonly env_files?: readonly string[] | undefined
  readonly profiles?: readonly string[] | undefined
  readonly check_files_existing: boolean
  readonly state: 'present' | 'stopped' | 'restarted' | 'absent'
  readonly pull: 'always' | 'missing' | 'never' | 'policy'
  readonly build: 'always' | 'never' | 'policy'
  readonly dependencies: boolean
  readonly recreate: 'always' | 'never' | 'auto'
  readonly renew_anon_volumes: boolean
  readonly remove_images?: 'all' | 'local' | undefined
  readonly remove_volumes: boolean
  readonly remove_orphans: boolean
  readonly timeout?: number | undefined
  readonly services: readonly string[]
  readonly scale: Readonly<Record<string, number>>
  readonly wait: boolean
  readonly wait_timeout?: number | undefined
}

const DEFAULT_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

/** Changes to the project's directory, and defines `lb_compose`. A definition is a temporary file until the end. */
function defineCompose(params: ComposeParams): string {
  const { project_src, project_name, files = [], definition, env_files = [], profiles = [] } = params
  const options = [
    ...(project_name === undefined ? [] : ['--project-name', project_name]),
    ...files.flatMap((file) => ['-f', file]),
    ...env_files.flatMap((file) => ['--env-file', file]),
    ...profiles.flatMap((profile) => ['--profile', profile]),
  ]
  const enter =
    definition === undefined
      ? [sh`cd ${project_src ?? '/'} || exit; lb_src=${project_src ?? '/'}`]
      : [
          `umask 077; lb_src=$(mktemp -d) || exit; trap 'rm -rf -- "$lb_src"' EXIT`,
          `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
          // YAML contains JSON.
          sh`printf '%s\\n' ${JSON.stringify(definition)} >"$lb_src/compose.yaml" && cd "$lb_src" || exit`,
        ]
  return [
    ...enter,
    sh`lb_compose() { docker compose --ansi never --project-directory "$lb_src" ${options} "$@"; }`,
  ].join('\n')
}

/** Prints what Compose wants, and what the engine has of the project. */
export function probeCompose(params: ComposeParams): string {
  const { project_src, files = [], definition, check_files_existing } = params
  const looked = files.length > 0 ? [] : DEFAULT_FILES
  const tests = looked.map((file) => sh`[ -f ${file} ]`).join(' || ')
  return [
    requireEngine,
    'docker compose version >/dev/null 2>&1 || { echo no-plugin; exit 0; }',
    ...(definition === undefined ? [sh`[ -d ${project_src ?? '/'} ] || { echo no-directory; exit 0; }`] : []),
    defineCompose(params),
    ...(definition === undefined && check_files_existing && looked.length > 0
      ? [`${tests} || { echo no-file; exit 0; }`]
      : []),
    ...files.map((file) => sh`[ -f ${file} ] || { printf 'no-file %s\\n' ${file}; exit 0; }`),
    'echo "version $(docker compose version --short)"',
    configFunction(params),
    'lb_json=$(lb_config --format json) || exit 4',
    `printf '%s\\n' "$lb_json" | tr -d '\\n' | sed 's/^/config /'; echo`,
    "lb_hashes=$(lb_config --hash '*') || exit 4",
    `printf '%s\\n' "$lb_hashes" | sed 's/^/hash /'`,
    ...(params.remove_orphans ? ["lb_compose --profile '*' config --services 2>/dev/null | sed 's/^/declared /'"] : []),
    `lb_name=$(printf '%s\\n' "$lb_json" | sed -n 's/^  "name": "\\([^"]*\\)".*/\\1/p' | head -n 1)`,
    'lb_of="%22com.docker.compose.project%3D$lb_name%22"',
    ...[
      ['containers', '/containers/json?all=1&filters=%7B%22label%22:%5B$lb_of%5D%7D'],
      ['networks', '/networks?filters=%7B%22label%22:%5B$lb_of%5D%7D'],
      ['volumes', '/volumes?filters=%7B%22label%22:%5B$lb_of%5D%7D'],
      ['images', '/images/json'],
    ].map(([kind, path]) => `printf '${kind} '; ${engineRequest(path ?? '')} | tr -d '\\n' || exit; echo`),
  ].join('\n')
}

/**
 * Defines `lb_config`. Compose activates the profiles of services that are named: then the configuration is that of all
 * profiles, unless a service of another profile is not valid.
 */
const configFunction = ({ services }: ComposeParams): string =>
  services.length === 0
    ? 'lb_config() { lb_compose config "$@"; }'
    : `lb_config() { lb_compose --profile '*' config "$@" 2>/dev/null || lb_compose config "$@"; }`

const seconds = ({ timeout }: ComposeParams): string[] => (timeout === undefined ? [] : ['--timeout', String(timeout)])

function upOptions(params: ComposeParams): string[] {
  const { pull, remove_orphans, recreate, renew_anon_volumes, dependencies, build, scale } = params
  return [
    '--detach',
    '--no-color',
    '--quiet-pull',
    ...(pull === 'policy' ? [] : ['--pull', pull]),
    ...(remove_orphans ? ['--remove-orphans'] : []),
    ...(recreate === 'always' ? ['--force-recreate'] : []),
    ...(recreate === 'never' ? ['--no-recreate'] : []),
    ...(renew_anon_volumes ? ['--renew-anon-volumes'] : []),
    ...(dependencies ? [] : ['--no-deps']),
    ...seconds(params),
    ...(build === 'always' ? ['--build'] : []),
    ...(build === 'never' ? ['--no-build'] : []),
    ...Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]),
  ]
}

/** The command of each state, as Ansible's module runs it. */
export function composeScript(params: ComposeParams): string {
  const { state, services, wait, wait_timeout, dependencies, remove_orphans, remove_images, remove_volumes } = params
  const waiting = wait
    ? ['--wait', ...(wait_timeout === undefined ? [] : ['--wait-timeout', String(wait_timeout)])]
    : []
  const commands = {
    present: [['up', ...upOptions(params), ...waiting]],
    stopped: [
      ['up', ...upOptions(params), '--no-start'],
      ['stop', ...seconds(params)],
    ],
    restarted: [['restart', ...(dependencies ? [] : ['--no-deps']), ...seconds(params)]],
    absent: [
      [
        'down',
        ...(remove_orphans ? ['--remove-orphans'] : []),
        ...(remove_images === undefined ? [] : ['--rmi', remove_images]),
        ...(remove_volumes ? ['--volumes'] : []),
        ...seconds(params),
      ],
    ],
  }[state]
  return [
    defineCompose(params),
    ...commands.map((command) => sh`lb_compose ${command} -- ${services} >&2 || exit`),
  ].join('\n')
}
