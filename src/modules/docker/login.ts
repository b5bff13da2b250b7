import { posix } from 'node:path'
import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { secret, type Secret } from '../../values/secret.ts'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { dockerResources } from './effects.ts'
import { contentOf, setAttributes, setContent, setNewDirectory } from '../support/effects.ts'
import { alwaysSecret } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { configFile, CONFIG_FILE, HUB, inSed, readCredentials, registryKey } from './credentials.ts'

const schema = z
  .strictObject({
    /** Registry host and port; default: Docker Hub. */
    registry_url: z
      .string()
      .default(HUB)
      .transform((address, context) => {
        const key = registryKey(address)
        if (key === undefined)
          context.addIssue({
            code: 'custom',
            message: 'must be the host and port of a registry, such as 10.77.0.11:5000',
          })
        return key ?? z.NEVER
      }),
    username: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u, 'must not be empty or contain a colon or control characters')
      .optional(),
    password: alwaysSecret
      .refine((password) => /^\P{Cc}+$/u.test(password.reveal()), 'must not be empty or contain control characters')
      .optional(),
    /** Path of the Docker client's `config.json`; default: that of the user the task runs as. */
    config_path: configFile.optional(),
    /** `absent`: logs out. */
    state: z.enum(['present', 'absent']).default('present'),
    /** Log in even if the configuration already has these credentials. */
    reauthorize: z.boolean().default(false),
  })
  .refine(
    ({ state, username, password }) => state === 'absent' || (username !== undefined && password !== undefined),
    'state: present requires username and password',
  )

type Params = z.output<typeof schema>

/** Registered value of {@link docker_login}. */
export interface DockerLogin {
  /** Key of the registry in the configuration. */
  readonly registry: string
  readonly username?: string
  /** Path of the configuration. */
  readonly config_path: string
}

/**
 * Logs in to and out of a registry. Credentials are compared on the host. `docker login` leaves no trace if the same
 * credentials were already stored, so each change ends with the probe, and its output decides.
 */
export const docker_login = defineModule<typeof schema, DockerLogin>({
  name: 'docker_login',
  schema,
  reads: ({ registry_url, config_path }) => [
    loginAt(registry_url),
    '/usr/bin/docker',
    '/usr/local/bin/docker',
    ...(config_path === undefined ? [] : contentOf(config_path)),
  ],
  // The default path depends on a home directory that only the host knows.
  sets: ({ registry_url, config_path }) => (config_path === undefined ? undefined : setsIn(config_path, registry_url)),
  title: ({ registry_url, state }) => `${registry_url}${state === 'absent' ? ' absent' : ''}`,
  probe: probeScript,

  plan(params, observed): Plan<DockerLogin> {
    const facts = parse(observed.stdout)
    if (observed.exitCode !== 0 || facts.file === '') {
      return {
        changes: [],
        problem: `cannot read the Docker client configuration: ${lastLine(observed.stderr) || `exit code ${observed.exitCode}`}`,
      }
    }
    const reads = contentOf(facts.file)
    const problem = problemOf(params, facts)
    if (problem !== undefined) return { changes: [], problem, reads }
    const change =
      isDesired(params, facts) && !(params.reauthorize && params.state === 'present')
        ? undefined
        : changeOf(params, facts)
    if (change !== undefined && !facts.docker) {
      return { changes: [], problem: 'docker command not found: install docker.io (or docker-cli)', reads }
    }
    return { changes: change === undefined ? [] : [change], values: values(params, facts), reads }
  },

  result(params, applied) {
    const last = applied.at(-1)
    const facts = parse(last?.stdout ?? '')
    const failed = last?.exitCode !== 0 ? undefined : (problemOf(params, facts) ?? failureOf(params, facts))
    return { values: values(params, facts), ...(failed === undefined ? {} : { failed }) }
  },
})

const loginAt = dockerResources.login

const setsIn = (file: string, registry: string): string[] => [
  loginAt(registry),
  ...setNewDirectory(posix.dirname(file)),
  ...setContent(file),
  ...setAttributes(file),
]

/** Prints which credentials the configuration has, never the credentials themselves. */
function probeScript({ registry_url, username, password, config_path, state }: Params): string {
  const named = inSed(registry_url)
  return [
    config_path === undefined ? `lb_file=${CONFIG_FILE}` : sh`lb_file=${config_path}`,
    `printf 'file %s\\n' "$lb_file"`,
    'command -v docker >/dev/null && echo docker',
    '[ ! -e "$lb_file" ] || [ -r "$lb_file" ] || echo unreadable',
    readCredentials(registry_url, '"$lb_file"'),
    '[ -z "$lb_entry" ] || echo entry',
    // Older Docker versions stored the address as it was given.
    ...(state === 'absent'
      ? [
          sh`printf '%s\\n' "$lb_config" | grep -q ${`"\\(https\\{0,1\\}://\\)\\{0,1\\}${named}\\(/[^"]*\\)\\{0,1\\}":{`} && echo entry`,
        ]
      : []),
    ...(username === undefined || password === undefined
      ? []
      : [
          sh`[ "$lb_auth" != ${inBase64(username, password)} ] || echo same`,
          // The registry may have issued a token in place of the password.
          sh`case $lb_entry in *'"identitytoken":"'[!\\"]*) [ "$lb_auth" != ${Buffer.from(`${username}:`).toString('base64')} ] || echo token ;; esac`,
        ]),
    sh`printf '%s\\n' "$lb_config" | sed -n ${`s|.*"credHelpers":{[^{}]*"${named}":"\\([^"]*\\)".*|helper credHelpers \\1|p`}`,
    `printf '%s\\n' "$lb_config" | sed -n 's|.*"credsStore":"\\([^"][^"]*\\)".*|helper credsStore \\1|p'`,
    ':',
  ].join('\n')
}

/** As stored in config.json. A secret too, because it reveals the password. */
const inBase64 = (username: string, password: Secret): Secret =>
  secret(Buffer.from(`${username}:${password.reveal()}`).toString('base64'))

interface LoginFacts {
  readonly file: string
  readonly docker: boolean
  readonly unreadable: boolean
  /** The configuration has an entry for this registry. */
  readonly entry: boolean
  readonly same: boolean
  readonly token: boolean
  /** Credential helper, and the setting that names it. */
  readonly helper: { readonly setting: string; readonly name: string } | undefined
}

function parse(stdout: string): LoginFacts {
  const lines = new Set(stdout.split('\n'))
  const [, setting = '', name = ''] = /^helper (\S+) (.+)$/m.exec(stdout) ?? []
  return {
    file: /^file (.+)$/m.exec(stdout)?.[1] ?? '',
    docker: lines.has('docker'),
    unreadable: lines.has('unreadable'),
    entry: lines.has('entry'),
    same: lines.has('same'),
    token: lines.has('token'),
    helper: name === '' ? undefined : { setting, name },
  }
}

const isDesired = ({ state }: Params, { same, token, entry }: LoginFacts): boolean =>
  state === 'absent' ? !entry : same || token

function problemOf({ state, registry_url }: Params, { file, unreadable, helper }: LoginFacts): string | undefined {
  if (unreadable) return `cannot read ${file}: permission denied; set become: true or config_path`
  if (helper === undefined || state === 'absent') return undefined
  return (
    `${file} sets ${helper.setting}: docker-credential-${helper.name} stores the credentials of ${registry_url}, so neither they ` +
    `nor pushed images can be compared. Remove ${helper.setting} from the file, or set another config_path`
  )
}

const failureOf = (params: Params, facts: LoginFacts): string | undefined =>
  isDesired(params, facts)
    ? undefined
    : `docker ${params.state === 'absent' ? 'logout' : 'login'} succeeded, but ${facts.file} ${params.state === 'absent' ? 'still has' : 'does not have'} the credentials of ${params.registry_url}`

function changeOf(params: Params, facts: LoginFacts): Change {
  const { registry_url, username = '', password = '', state } = params
  const docker = sh`docker --config ${posix.dirname(facts.file)}`
  const registry = registry_url === HUB ? [] : [registry_url]
  const diff = {
    subject: `credentials of ${registry_url} in ${facts.file}`,
    before: facts.entry ? (facts.same || facts.token ? `${username}\n` : 'other credentials\n') : '',
  }
  const sets = setsIn(facts.file, registry_url)
  if (state === 'absent') {
    return {
      description: `log out of ${registry_url}`,
      script: `${docker} ${sh`logout ${registry}`} >/dev/null || exit\n${probeScript(params)}`,
      diff: { ...diff, before: 'credentials\n', after: '' },
      sets,
    }
  }
  return {
    description: `log in to ${registry_url} as ${username}${facts.entry ? ' again' : ''}`,
    // printf is a shell builtin: the password is in no argv.
    script: [
      sh`printf %s ${password} | ${raw(docker)} login ${[`--username=${username}`, '--password-stdin', ...registry]} >/dev/null || exit`,
      probeScript(params),
    ].join('\n'),
    diff: { ...diff, after: `${username}\n` },
    sets,
  }
}

const values = ({ registry_url, username }: Params, { file }: LoginFacts): DockerLogin => ({
  registry: registry_url,
  ...(username === undefined ? {} : { username }),
  config_path: file,
})
