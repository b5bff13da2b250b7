import { z } from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { Secret } from '../../values/secret.ts'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { contentOf } from '../support/effects.ts'
import { ENGINE, MEMBERSHIP, stackNamed } from './effects.ts'
import { parseResponses, engineRequest, engineProblem, filtered, findSocket, get, requireEngine } from './engine.ts'
import { driftOf, parseServices, type Service } from './services.ts'

const schema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be letters, digits, - and _'),
    state: z.enum(['present', 'absent']).default('present'),
    /** Compose files: paths on the host or inline mappings; later ones override earlier ones. */
    compose: z.array(z.union([z.string().min(1), z.record(z.string(), z.unknown())])).default([]),
    /** A Compose file as text, which may be secret. Merged last. */
    content: z.union([z.string(), z.instanceof(Secret)]).optional(),
    /** Remove services that the Compose files no longer define. */
    prune: z.boolean().default(false),
    /** Send this host's registry credentials to the Swarm agents. */
    with_registry_auth: z.boolean().default(false),
    resolve_image: z.enum(['always', 'changed', 'never']).optional(),
  })
  .refine(
    (params) => params.state === 'absent' || params.compose.length > 0 || params.content !== undefined,
    'set compose or content',
  )

type Params = z.output<typeof schema>

export interface DockerStack {
  /** Images of the stack's services, by service name. */
  readonly services: Readonly<Record<string, string>>
}

const NAMESPACE = 'com.docker.stack.namespace'
const COMPOSE_LABEL = 'labbook.compose'

/**
 * Deploys a stack. `docker stack deploy` updates every service each time, so each deployment is recorded in a Swarm
 * config: the checksum of the Compose files and the resulting services. The stack is deployed again if the files or a
 * service changed, including replicas but not restarts by `--force`. `docker stack rm` removes the config, too.
 */
export const docker_stack = defineModule<typeof schema, DockerStack>({
  name: 'docker_stack',
  schema,
  reads: (params) => [...ENGINE, MEMBERSHIP, ...stackNamed(params.name), ...files(params).flatMap(contentOf)],
  // Its containers may mount paths and volumes of the host.
  sets: () => undefined,
  title: (params) => params.name,
  timeLimitSeconds: () => 600,

  probe: (params) =>
    params.state === 'absent'
      ? `${requireEngine}\n${get(...resourcePaths(params.name))}`
      : [
          requireEngine,
          'command -v docker >/dev/null || exit 94',
          get(ofStack('/services', params.name)),
          // Printed as text: in base64, secrets in it would not be masked.
          `lb_record=$(${engineRequest(`/configs/${recordName(params.name)}`)}) || exit`,
          `printf '%s\\n' "$lb_record" | sed -n 's/.*"Data":"\\([^"]*\\)".*/\\1/p' | base64 -d`,
          `printf '\\n200\\n'`,
          `printf '%s\\n' "$lb_record" | sed -n 's/.*"${COMPOSE_LABEL}":"\\([0-9a-f]*\\)".*/deployed \\1/p'`,
          checksum(params),
          'if lb_sum=$(lb_compose); then echo "compose $lb_sum"; else echo "$lb_sum"; fi',
          'exit 0',
        ].join('\n'),

  plan(params, observed): Plan<DockerStack> {
    if (observed.exitCode === 94)
      return { changes: [], problem: 'docker command not found: install docker.io (or docker-cli)' }
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    if (params.state === 'absent')
      return { changes: answers.some(({ body }) => hasItems(body)) ? [removeChange(params.name)] : [] }

    const read = (key: string): string | undefined => new RegExp(`^${key} (.+)$`, 'm').exec(observed.stdout)?.[1]
    const missing = read('no-compose')
    if (missing !== undefined) return { changes: [], problem: `Compose file ${missing} does not exist` }
    const [live, recorded] = answers.map(({ body }) => parseServices(body))
    const checksum = read('deployed')
    const deployed = checksum === undefined ? undefined : { checksum, services: recorded ?? [] }
    return present(params, live ?? [], deployed, read('compose') ?? '')
  },
})

/** Record of the last deployment. */
interface Deployed {
  readonly checksum: string
  readonly services: readonly Service[]
}

function present(
  params: Params,
  live: readonly Service[],
  deployed: Deployed | undefined,
  currentChecksum: string,
): Plan<DockerStack> {
  const values = { services: Object.fromEntries(live.map(({ name, image }) => [name, image])) }
  const subject = `stack ${params.name}`
  if (deployed === undefined) {
    const description =
      live.length === 0
        ? `deploy stack ${params.name}`
        : `deploy stack ${params.name} (no complete deployment by Labbook on record)`
    return {
      values,
      changes: [deploy(params, description, { subject, before: '', after: `compose: ${currentChecksum}\n` })],
    }
  }
  if (deployed.checksum !== currentChecksum) {
    const diff = { subject, before: `compose: ${deployed.checksum}\n`, after: `compose: ${currentChecksum}\n` }
    return { values, changes: [deploy(params, `deploy stack ${params.name}: Compose files changed`, diff)] }
  }
  const drift = driftOf(deployed.services, live)
  if (drift === undefined) return { values, changes: [] }
  return {
    values,
    changes: [
      deploy(params, `redeploy stack ${params.name}: ${drift.summary}`, {
        subject,
        before: drift.actual,
        after: drift.desired,
      }),
    ],
  }
}

/** Name of the config with the record. */
const recordName = (name: string): string => `${name}_labbook`
const ofStack = (path: string, name: string): string => filtered(path, { label: [`${NAMESPACE}=${name}`] })
const resourcePaths = (name: string): string[] =>
  ['/services', '/networks', '/configs', '/secrets'].map((path) => ofStack(path, name))
const hasItems = (body: unknown): boolean => Array.isArray(body) && body.length > 0

const inlineTexts = (params: Params): (string | Secret)[] => [
  ...params.compose.filter((it) => typeof it !== 'string').map((it) => JSON.stringify(it)),
  ...(params.content === undefined ? [] : [params.content]),
]
const files = (params: Params): string[] => params.compose.filter((it) => typeof it === 'string')

/** Shell function `lb_compose`: prints the checksum of all files and texts, or `no-compose <path>`. */
function checksum(params: Params): string {
  const paths = files(params)
  return [
    'lb_compose() {',
    ...paths.map((path) => sh`  [ -r ${path} ] || { echo ${`no-compose ${path}`}; return 1; }`),
    sh`  lb_hash=$({ ${raw(paths.map((path) => sh`cat ${path}; echo; `).join(''))}printf '%s\\n' ${[...inlineTexts(params), `prune ${params.prune}`]}; } | sha256sum) || return`,
    '  echo "${lb_hash%% *}"',
    '}',
  ].join('\n')
}

function deploy(params: Params, description: string, diff: Change['diff']): Change {
  const texts = inlineTexts(params)
  const flags = [
    ...(params.prune ? ['--prune'] : []),
    ...(params.with_registry_auth ? ['--with-registry-auth'] : []),
    ...(params.resolve_image === undefined ? [] : ['--resolve-image', params.resolve_image]),
  ]
  return {
    description,
    script: [
      findSocket,
      checksum(params),
      'lb_sum=$(lb_compose) || { echo "$lb_sum" >&2; exit 1; }',
      'umask 077; lb_dir=$(mktemp -d) || exit',
      `trap 'rm -rf "$lb_dir"' EXIT`,
      ...texts.map((text, i) => sh`printf '%s\\n' ${text} >"$lb_dir"/${i}.yml || exit`),
      sh`docker stack deploy ${flags} ${files(params).flatMap((path) => ['-c', path])} ${raw(texts.map((_, i) => `-c "$lb_dir/${i}.yml"`).join(' '))} ${params.name} || exit`,
      // Written last: an interrupted deployment leaves no record and is repeated.
      sh`docker config rm ${recordName(params.name)} >/dev/null 2>&1`,
      `${engineRequest(ofStack('/services', params.name))} >"$lb_dir/services" || exit`,
      sh`docker config create --label ${raw(`"${COMPOSE_LABEL}=$lb_sum"`)} --label ${`${NAMESPACE}=${params.name}`} ${recordName(params.name)} "$lb_dir/services" >/dev/null || exit`,
    ].join('\n'),
    ...(diff && { diff }),
  }
}

const removeChange = (name: string): Change => ({
  description: `remove stack ${name}`,
  script: [
    findSocket,
    sh`docker stack rm ${name} || exit`,
    // docker stack rm returns while networks are still in use, on which the next deployment would fail.
    'lb_tries=0',
    `while ${resourcePaths(name)
      .slice(0, 2)
      .map((path) => `${engineRequest(path)} | grep -q '"'`)
      .join(' || ')}; do`,
    '  lb_tries=$((lb_tries + 1)); [ "$lb_tries" -lt 120 ] || { echo "services or networks of the stack still exist after 2 minutes" >&2; exit 1; }',
    '  sleep 1',
    'done',
  ].join('\n'),
})
