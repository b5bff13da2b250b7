import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { Secret } from '../../values/secret.ts'
import { ANYTHING, type Change, type Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { contentOf } from '../support/effects.ts'
import { ENGINE, MEMBERSHIP, setStack, stackNamed } from './effects.ts'
import { parseResponses, engineRequest, engineProblem, filtered, findSocket, get, requireEngine } from './engine.ts'
import { driftOf, parseServices, type Service } from './services.ts'
import { checksum, checksumOf, composeFiles, defineInputs, inlineTexts, namesInputs } from './stack-inputs.ts'
import { redactEnvironment } from './redact-environment.ts'

const schema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be letters, digits, - and _'),
    state: z.enum(['present', 'absent']).default('present'),
    /** Compose files: paths on the host or inline mappings; later ones override earlier ones. */
    compose: z.array(z.union([z.string().min(1), z.record(z.string(), z.unknown())])).default([]),
    /** A Compose file as text, which may be secret. Merged last. */
    content: z.union([z.string(), z.instanceof(Secret)]).optional(),
    /**
     * Remove services that the Compose files do not define, also those that others added; `owned`: only when the stack
     * is deployed, and only if `owner` deployed them, otherwise the task fails.
     */
    prune: z.union([z.boolean(), z.literal('owned')]).default(false),
    /**
     * What deploys the stack, such as the path of the Compose file. It is recorded, and `state: absent` then fails if
     * the stack has services that another owner deployed.
     */
    owner: z.string().min(1).optional(),
    /** Services that the Compose files define; required for `prune: owned`. */
    services: z.array(z.string()).optional(),
    /** Send this host's registry credentials to the Swarm agents. */
    with_registry_auth: z.boolean().default(false),
    /** `always` and `changed` look up tags when the stack is deployed: a tag that moved is no change. */
    resolve_image: z.enum(['always', 'changed', 'never']).optional(),
  })
  .refine(
    (params) => params.state === 'absent' || params.compose.length > 0 || params.content !== undefined,
    'set compose or content',
  )
  .refine(
    ({ prune, owner, services }) => prune !== 'owned' || (owner !== undefined && services !== undefined),
    'prune: owned needs owner and services',
  )

type Params = z.output<typeof schema>

export interface DockerStack {
  /** Images of the stack's services, by service name. */
  readonly services: Readonly<Record<string, string>>
}

const NAMESPACE = 'com.docker.stack.namespace'
const COMPOSE_LABEL = 'labbook.compose'
/** Checksum of the files and variables that the Compose files name. */
const INPUTS_LABEL = 'labbook.inputs'
/** Checksum of the owner, and the services that it deployed. */
const OWNER_LABEL = 'labbook.owner'
const SERVICES_LABEL = 'labbook.services'

/**
 * Deploys a stack. `docker stack deploy` updates every service each time, so each deployment is recorded in a Swarm
 * config: checksums of the Compose files, of the files and variables that they name, and the resulting services. The
 * stack is deployed again if one of them changed, including replicas but not restarts by `--force`. `docker stack rm`
 * removes the config, too.
 */
export const docker_stack = defineModule<typeof schema, DockerStack>({
  name: 'docker_stack',
  schema,
  redactOutput: redactEnvironment,
  reads: (params) => [...ENGINE, MEMBERSHIP, ...stackNamed(params.name), ...composeFiles(params).flatMap(contentOf)],
  // Its containers may mount paths and volumes of the host.
  sets: ({ name }) => [...setStack(name), ANYTHING],
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
          ...[
            ['deployed', COMPOSE_LABEL],
            ['deployed-inputs', INPUTS_LABEL],
            ['owner', OWNER_LABEL],
            ['owned', SERVICES_LABEL],
          ].map(([key, label]) => `printf '%s\\n' "$lb_record" | sed -n 's/.*"${label}":"\\([^"]*\\)".*/${key} \\1/p'`),
          checksum(params),
          defineInputs(params),
          'if lb_sum=$(lb_compose); then echo "compose $lb_sum"; else echo "$lb_sum"; fi',
          `lb_named | sed -n 's/^f /input /p'; lb_sum=$(lb_inputs); [ -z "$lb_sum" ] || echo "inputs $lb_sum"`,
          'exit 0',
        ].join('\n'),

  /** After tasks that write all Compose files. */
  planAfter(params, observed, { changed, known }, inputs, vars) {
    const paths = composeFiles(params)
    const contents = paths.map((path) => known[path])
    const isOnlyFiles = Object.keys(changed).every((key) => paths.includes(key))
    const isComplete = contents.every((content) => Buffer.isBuffer(content))
    if (!isOnlyFiles || !isComplete || params.state === 'absent') return undefined
    const sum = checksumOf(params, contents)
    // The probe shows the inputs of the files as they are now.
    if (observed.stdout.includes(`\ndeployed ${sum}\n`) && namesInputs(params, contents)) return undefined
    const stdout = observed.stdout.replace(/^(?:no-)?compose .+$/m, () => `compose ${sum}`)
    return this.plan(params, { ...observed, stdout }, inputs, vars)
  },

  plan(params, observed): Plan<DockerStack> {
    if (observed.exitCode === 94)
      return { changes: [], problem: 'docker command not found: install docker.io (or docker-cli)' }
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    if (params.state === 'absent') return absent(params, answers)

    const read = (key: string): string | undefined => new RegExp(`^${key} (.+)$`, 'm').exec(observed.stdout)?.[1]
    const missing = read('no-compose')
    if (missing !== undefined) return { changes: [], problem: `Compose file ${missing} does not exist` }
    const [live, recorded] = answers.map(({ body }) => parseServices(body))
    const checksum = read('deployed')
    const deployed =
      checksum === undefined
        ? undefined
        : { checksum, inputs: read('deployed-inputs') ?? 'none', services: recorded ?? [] }
    const current = { checksum: read('compose') ?? '', inputs: read('inputs') ?? 'none' }
    const named = [...observed.stdout.matchAll(/^input (.+)$/gm)].map(([, path = '']) => posix.normalize(path))
    const planned = {
      ...present(params, live ?? [], deployed, current),
      ...(named.length > 0 && { reads: named.flatMap(contentOf) }),
    }
    if (params.prune !== 'owned' || planned.changes.length === 0) return planned
    const others = ofOthers(params, live ?? [], { owner: read('owner'), services: read('owned') })
    return others.length === 0 ? planned : { ...planned, changes: [], problem: pruneProblem(params, others) }
  },
})

/** Labels of the record. */
interface OwnerRecord {
  readonly owner: string | undefined
  /** Names within the stack, with commas. */
  readonly services: string | undefined
}

/** Names of live services that neither the Compose files define nor the owner deployed before. */
function ofOthers({ name, owner, services = [] }: Params, live: readonly Service[], record: OwnerRecord): string[] {
  const deployed = record.owner !== undefined && record.owner === ownerId(owner) ? record.services : undefined
  const own = new Set([...services, ...(deployed?.split(',') ?? [])].map((service) => `${name}_${service}`))
  return live.map((service) => service.name).filter((service) => !own.has(service))
}

const pruneProblem = ({ name }: Params, others: readonly string[]): string =>
  `stack "${name}" has services that these Compose files did not deploy: ${others.join(', ')}. Deploy under another ` +
  'name, or decide about them: prune: true removes them, prune: false keeps them'

interface StackResponse {
  readonly body: unknown
}

function absent(params: Params, answers: readonly StackResponse[]): Plan<DockerStack> {
  if (!answers.some(({ body }) => hasItems(body))) return { changes: [] }
  const [services, , configs] = answers.map(({ body }) => body)
  const live = parseServices(services)
  if (params.owner === undefined || live.length === 0) return { changes: [removeChange(params.name)] }
  const labels = recordLabels(configs, params.name)
  const others = ofOthers(params, live, { owner: labels[OWNER_LABEL], services: labels[SERVICES_LABEL] })
  if (others.length === 0) return { changes: [removeChange(params.name)] }
  const problem = `stack "${params.name}" has services that these Compose files are not known to have deployed: ${others.join(', ')}. To remove all of them, name the stack instead of its Compose file`
  return { changes: [], problem }
}

type Labels = Readonly<Record<string, string>>

function recordLabels(configs: unknown, name: string): Labels {
  const all = Array.isArray(configs) ? (configs as { Spec?: { Name?: string; Labels?: Labels | null } }[]) : []
  return all.find(({ Spec }) => Spec?.Name === recordName(name))?.Spec?.Labels ?? {}
}

interface Checksums {
  /** Of the Compose files. */
  readonly checksum: string
  /** Of what they name. */
  readonly inputs: string
}

/** Record of the last deployment. */
interface Deployed extends Checksums {
  readonly services: readonly Service[]
}

function present(
  params: Params,
  live: readonly Service[],
  deployed: Deployed | undefined,
  current: Checksums,
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
      changes: [deploy(params, description, { subject, before: '', after: `compose: ${current.checksum}\n` })],
    }
  }
  if (deployed.checksum !== current.checksum) {
    const diff = { subject, before: `compose: ${deployed.checksum}\n`, after: `compose: ${current.checksum}\n` }
    return { values, changes: [deploy(params, `deploy stack ${params.name}: Compose files changed`, diff)] }
  }
  if (deployed.inputs !== current.inputs) {
    const diff = { subject, before: `inputs: ${deployed.inputs}\n`, after: `inputs: ${current.inputs}\n` }
    const description = `deploy stack ${params.name}: files or variables that the Compose files name changed`
    return { values, changes: [deploy(params, description, diff)] }
  }
  const drift = driftOf(deployed.services, live, params.prune === true)
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
/** A checksum: a path may contain anything. */
const ownerId = (owner = ''): string => createHash('sha256').update(owner).digest('hex')
const hasItems = (body: unknown): boolean => Array.isArray(body) && body.length > 0

function deploy(params: Params, description: string, diff: Change['diff']): Change {
  const texts = inlineTexts(params)
  const flags = [
    ...(params.prune !== false ? ['--prune'] : []),
    ...(params.with_registry_auth ? ['--with-registry-auth'] : []),
    ...(params.resolve_image === undefined ? [] : ['--resolve-image', params.resolve_image]),
  ]
  const labels = [
    `${NAMESPACE}=${params.name}`,
    ...(params.owner === undefined ? [] : [`${OWNER_LABEL}=${ownerId(params.owner)}`]),
    ...(params.services === undefined ? [] : [`${SERVICES_LABEL}=${params.services.join(',')}`]),
  ].flatMap((label) => ['--label', label])
  return {
    description,
    script: [
      findSocket,
      checksum(params),
      defineInputs(params),
      'lb_sum=$(lb_compose) || { echo "$lb_sum" >&2; exit 1; }',
      'lb_given=$(lb_inputs)',
      'umask 077; lb_dir=$(mktemp -d) || exit',
      `trap 'rm -rf "$lb_dir"' EXIT`,
      ...texts.map((text, i) => sh`printf '%s\\n' ${text} >"$lb_dir"/${i}.yml || exit`),
      sh`docker stack deploy ${flags} ${composeFiles(params).flatMap((path) => ['-c', path])} ${raw(texts.map((_, i) => `-c "$lb_dir/${i}.yml"`).join(' '))} ${params.name} || exit`,
      // Written last: an interrupted deployment leaves no record and is repeated.
      sh`docker config rm ${recordName(params.name)} >/dev/null 2>&1`,
      `${engineRequest(ofStack('/services', params.name))} >"$lb_dir/services" || exit`,
      sh`docker config create --label ${raw(`"${COMPOSE_LABEL}=$lb_sum" \${lb_given:+--label "${INPUTS_LABEL}=$lb_given"}`)} ${labels} ${recordName(params.name)} "$lb_dir/services" >/dev/null || exit`,
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
