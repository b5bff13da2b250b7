import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { splitWords } from '../../shell/split-words.ts'
import { Secret } from '../../values/secret.ts'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { ENGINE, imageNamed, setByContainer } from './effects.ts'
import { parseResponses, engineProblem, get, requireEngine } from './engine.ts'
import { parseReference } from './reference.ts'
import { redactEnvironment } from './redact-environment.ts'

const wordList = z.union([
  z.string().transform((text, context) => {
    try {
      return splitWords(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as SyntaxError).message })
      return z.NEVER
    }
  }),
  z.array(z.string()),
])

const schema = z
  .strictObject({
    name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be letters, digits, _, . and -'),
    image: z.string().optional(),
    /** `present`: exists, running or not. */
    state: z.enum(['started', 'stopped', 'present', 'absent']).default('started'),
    /** A string is split into words as a shell does: `sh -c 'a b'` has three. */
    command: wordList.optional(),
    entrypoint: z.array(z.string()).optional(),
    /** Values may be secrets: they are passed in an env file that only root can read. */
    env: z
      .record(
        z.string().regex(/^[^=\s]+$/),
        z.union([z.string().regex(/^.*$/, 'must be one line'), z.instanceof(Secret)]),
      )
      .default({}),
    published_ports: z.array(z.string()).default([]),
    volumes: z.array(z.string()).default([]),
    networks: z.array(z.strictObject({ name: z.string(), aliases: z.array(z.string()).default([]) })).default([]),
    network_mode: z.string().optional(),
    restart_policy: z.enum(['no', 'on-failure', 'always', 'unless-stopped']).optional(),
    labels: z.record(z.string(), z.string()).default({}),
    memory: z.string().optional(),
    cpus: z.number().positive().optional(),
    user: z.string().optional(),
    hostname: z.string().optional(),
    privileged: z.boolean().default(false),
    capabilities: z.array(z.string()).default([]),
  })
  .refine((params) => params.state === 'absent' || params.image !== undefined, 'image is required')
  .refine(
    (params) => params.network_mode === undefined || params.networks.length === 0,
    'networks and network_mode are mutually exclusive',
  )

type Params = z.output<typeof schema>

export interface DockerContainer {
  readonly id: string
  readonly running: boolean
}

const CONFIG_LABEL = 'labbook.config'

/**
 * Manages a container. A label holds the checksum of its settings: if that or the image changes, the container is
 * recreated.
 */
export const docker_container = defineModule<typeof schema, DockerContainer>({
  name: 'docker_container',
  schema,
  redactOutput: redactEnvironment,
  reads: ({ name, image }) => [
    ...ENGINE,
    `docker-container:${name}`,
    ...(image === undefined ? [] : imageNamed(image)),
  ],
  sets(params) {
    const own = [`docker-container:${params.name}`]
    if (params.state === 'absent') return own
    const others = setByContainer({
      image: params.image ?? '',
      mounts: mountsOf(params),
      privileged: hasHostAccess(params),
    })
    return others && [...own, ...others]
  },
  title: ({ name }) => name,

  probe: (params) =>
    [
      requireEngine,
      'command -v docker >/dev/null || exit 94',
      get(
        `/containers/${params.name}/json`,
        ...(params.image === undefined ? [] : [`/images/${parseReference(params.image).full}/json`]),
      ),
      'printf "config "',
      checksum(params),
      'exit 0',
    ].join('\n'),

  plan(params, observed): Plan<DockerContainer> {
    if (observed.exitCode === 94)
      return { changes: [], problem: 'docker command not found: install docker.io (or docker-cli)' }
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const [container, image] = answers.map(({ status, body }) => (status === 200 ? body : undefined))
    const current = container as Container | undefined
    if (params.state === 'absent')
      return {
        changes:
          current === undefined
            ? []
            : [{ description: `remove container ${params.name}`, script: removeScript(params.name) }],
      }

    const values = current && { id: current.Id, running: current.State.Running }
    const reason = recreateReason(
      params,
      current,
      (image as { Id: string } | undefined)?.Id,
      /^config (\w+)/m.exec(observed.stdout)?.[1],
    )
    if (reason !== undefined) return { changes: [createChange(params, current, reason)], ...(values && { values }) }
    return { changes: stateChange(params, current?.State.Running ?? false), ...(values && { values }) }
  },
})

/** `source:target:options`; a lone target is a volume without a name. */
const mountsOf = ({ volumes }: Params): { source: string; readonly: boolean }[] =>
  volumes
    .map((text) => text.split(':'))
    .filter((parts) => parts.length > 1)
    .map(([source = '', , options = '']) => ({ source, readonly: options.split(',').includes('ro') }))

const hasHostAccess = ({ privileged, capabilities, network_mode = '' }: Params): boolean =>
  privileged || capabilities.length > 0 || /^(host|container:)/.test(network_mode)

interface Container {
  readonly Id: string
  readonly Image: string
  readonly State: { readonly Running: boolean }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> }
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null }
}

function recreateReason(
  params: Params,
  current: Container | undefined,
  imageId: string | undefined,
  config: string | undefined,
): string | undefined {
  if (current === undefined) return 'it does not exist'
  if (current.Config.Labels?.[CONFIG_LABEL] !== config) return 'settings changed'
  // An interrupted creation may leave networks unconnected.
  const missingNetwork = params.networks.find(({ name }) => !(name in current.NetworkSettings.Networks))
  if (missingNetwork !== undefined) return `not connected to network ${missingNetwork.name}`
  return imageId !== undefined && imageId !== current.Image ? 'image changed' : undefined
}

function stateChange({ state, name }: Params, running: boolean): Change[] {
  if (state === 'started' && !running)
    return [{ description: `start container ${name}`, script: sh`docker start ${name} >/dev/null || exit` }]
  if (state === 'stopped' && running)
    return [{ description: `stop container ${name}`, script: sh`docker stop ${name} >/dev/null || exit` }]
  return []
}

/** The environment as arguments of printf: `NAME=value`, sorted by name. */
const environment = (params: Params): string =>
  Object.entries(params.env)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => sh`${name}=${value}`)
    .join(' ')

/**
 * Shell text that prints the checksum of all settings. Runs on the host, which has the secrets in plain text anyway.
 */
const checksum = (params: Params): string =>
  sh`printf '%s\\n' ${[...flags(params), params.image ?? '', ...(params.command ?? []), JSON.stringify([params.entrypoint, params.networks])]} ${raw(environment(params))} | sha256sum | cut -c 1-64`

function flags(params: Params): string[] {
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)]
  return [
    ...option('--entrypoint', params.entrypoint?.[0]),
    ...params.published_ports.flatMap((port) => ['--publish', port]),
    ...params.volumes.flatMap((volume) => ['--volume', volume]),
    ...option('--network', params.network_mode ?? params.networks[0]?.name),
    ...(params.networks[0]?.aliases ?? []).flatMap((alias) => ['--network-alias', alias]),
    ...option('--restart', params.restart_policy),
    ...Object.entries(params.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...option('--memory', params.memory),
    ...option('--cpus', params.cpus),
    ...option('--user', params.user),
    ...option('--hostname', params.hostname),
    ...(params.privileged ? ['--privileged'] : []),
    ...params.capabilities.flatMap((capability) => ['--cap-add', capability]),
  ]
}

function createChange(params: Params, current: Container | undefined, reason: string): Change {
  const { name, image = '' } = params
  // `--entrypoint` takes one word; the others are prepended to the command.
  const argv = [...(params.entrypoint?.slice(1) ?? []), ...(params.command ?? [])]
  const hasEnv = Object.keys(params.env).length > 0
  return {
    description:
      current === undefined
        ? `create container ${name} from ${image}`
        : `recreate container ${name} from ${image}: ${reason}`,
    script: [
      `lb_config=$(${checksum(params)}) || exit`,
      'umask 077; lb_env=$(mktemp) || exit',
      `trap 'rm -f "$lb_env"' EXIT`,
      ...(hasEnv ? [`printf '%s\\n' ${environment(params)} >"$lb_env" || exit`] : []),
      ...(current === undefined ? [] : [removeScript(name)]),
      sh`docker create --name ${name} --label ${raw(`"${CONFIG_LABEL}=$lb_config"`)} --env-file "$lb_env" ${flags(params)} ${image} ${argv} >/dev/null || exit`,
      ...params.networks
        .slice(1)
        .map(
          (network) =>
            sh`docker network connect ${network.aliases.flatMap((alias) => ['--alias', alias])} ${network.name} ${name} || exit`,
        ),
      ...(params.state === 'started' ? [sh`docker start ${name} >/dev/null || exit`] : []),
    ].join('\n'),
  }
}

const removeScript = (name: string): string => sh`docker rm --force ${name} >/dev/null || exit`
