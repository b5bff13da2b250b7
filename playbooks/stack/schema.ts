import * as z from 'zod'

/*
 * Schema of compose files for `docker stack deploy` (version 3.9). Docker validates again; this schema reports line
 * numbers, and before anything is changed.
 */

/** Selects the schema by the value, so that the error message fits the intended form. */
const choose = (pick: (value: unknown) => z.ZodType): z.ZodType =>
  z.unknown().superRefine((value, context) => {
    for (const issue of pick(value).safeParse(value).error?.issues ?? []) context.addIssue({ ...issue })
  })

const isList = Array.isArray
const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !isList(value)
const text = z.string({ error: 'must be text: put it in quotes' })
const number = z.number({ error: 'must be a number' })
const integer = z.int({ error: 'must be a whole number' }).nonnegative({ error: 'must not be negative' })
const boolean = z.boolean({ error: 'must be true or false' })
const duration = text.regex(/^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/, {
  error: 'must be a duration such as 10s or 1m30s',
})
const textList = z.array(text, { error: 'must be a list: put a "- " before each entry, or [ ] around all' })
const textOrTexts = choose((value) => (isList(value) ? textList : text))
const oneOf = (...choices: [string, ...string[]]): z.ZodType =>
  z.enum(choices, { error: `must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}` })

const value = choose((input) =>
  typeof input === 'boolean'
    ? z.never({ error: 'Docker reads this as a boolean, but it must be text: put it in quotes' })
    : z.union([z.string(), z.number(), z.null()], { error: 'must be text' }),
)
const pairs = choose((input) =>
  isList(input)
    ? z.array(text)
    : z.record(z.string(), value, { error: 'must be a map (NAME: value) or a list (- NAME=value)' }),
)

/** A map with these keys, and any `x-...` keys. */
const mapOf = <S extends z.ZodRawShape>(shape: S, keys: string) =>
  z
    .record(z.string(), z.unknown(), { error: `must be a map with keys such as ${keys}` })
    .transform((map) => Object.fromEntries(Object.entries(map).filter(([key]) => !key.startsWith('x-'))))
    .pipe(z.strictObject(shape))

const shapes = {
  healthcheck: {
    disable: boolean,
    interval: duration,
    retries: integer,
    test: textOrTexts,
    timeout: duration,
    start_period: duration,
    start_interval: duration,
  },
  update: {
    parallelism: integer,
    delay: duration,
    failure_action: oneOf('pause', 'continue', 'rollback'),
    monitor: duration,
    max_failure_ratio: number,
    order: oneOf('start-first', 'stop-first'),
  },
  rollback: {
    parallelism: integer,
    delay: duration,
    failure_action: oneOf('pause', 'continue'),
    monitor: duration,
    max_failure_ratio: number,
    order: oneOf('start-first', 'stop-first'),
  },
  restart: { condition: oneOf('none', 'on-failure', 'any'), delay: duration, max_attempts: integer, window: duration },
  placement: {
    constraints: textList,
    max_replicas_per_node: integer,
    preferences: z.array(z.strictObject({ spread: text }), { error: 'must be a list: - spread: node.labels.NAME' }),
  },
  limits: { cpus: text, memory: text, pids: integer },
  reservations: { cpus: text, memory: text, generic_resources: z.unknown() },
  port: { target: integer, published: integer, protocol: oneOf('tcp', 'udp', 'sctp'), mode: oneOf('ingress', 'host') },
  mount: {
    type: oneOf('bind', 'volume', 'tmpfs', 'npipe', 'cluster'),
    source: text,
    target: text,
    read_only: boolean,
    consistency: text,
    bind: z.unknown(),
    volume: z.unknown(),
    tmpfs: z.unknown(),
    cluster: z.unknown(),
  },
  grant: { source: text, target: text, uid: text, gid: text, mode: number },
  logging: { driver: text, options: z.record(z.string(), z.unknown()) },
  attachment: {
    aliases: textList,
    ipv4_address: text,
    ipv6_address: text,
    driver_opts: z.record(z.string(), z.union([z.string(), z.number()])),
  },
} satisfies Record<string, z.ZodRawShape>

/** A map in which all keys are optional. */
const optionalKeys = (shape: z.ZodRawShape, keys: string) =>
  mapOf(Object.fromEntries(Object.entries(shape).map(([key, type]) => [key, (type as z.ZodType).optional()])), keys)

const resources = {
  limits: optionalKeys(shapes.limits, 'cpus, memory'),
  reservations: optionalKeys(shapes.reservations, 'cpus, memory'),
}
const deploy = {
  mode: oneOf('replicated', 'global', 'replicated-job', 'global-job'),
  replicas: integer,
  endpoint_mode: oneOf('vip', 'dnsrr'),
  labels: pairs,
  placement: optionalKeys(shapes.placement, 'constraints, preferences'),
  update_config: optionalKeys(shapes.update, 'parallelism, order'),
  rollback_config: optionalKeys(shapes.rollback, 'parallelism, order'),
  restart_policy: optionalKeys(shapes.restart, 'condition, delay'),
  resources: optionalKeys(resources, 'limits, reservations'),
}

const grants = (keys: string): z.ZodType =>
  z.array(
    choose((item) => (isMap(item) ? optionalKeys(shapes.grant, 'source, target') : text)),
    { error: `must be a list of ${keys}` },
  )

const service = {
  image: text,
  build: z.unknown(),
  cap_add: textList,
  cap_drop: textList,
  command: textOrTexts,
  configs: grants('configs'),
  credential_spec: z.unknown(),
  deploy: optionalKeys(deploy, 'replicas, placement, ...').nullable(),
  dns: textOrTexts,
  dns_search: textOrTexts,
  entrypoint: textOrTexts,
  env_file: textOrTexts,
  environment: pairs,
  extra_hosts: pairs,
  healthcheck: optionalKeys(shapes.healthcheck, 'test, interval'),
  hostname: text,
  init: boolean,
  isolation: text,
  labels: pairs,
  logging: optionalKeys(shapes.logging, 'driver, options'),
  networks: choose((value) =>
    isMap(value) ? z.record(z.string(), optionalKeys(shapes.attachment, 'aliases').nullable()) : textList,
  ),
  ports: z.array(
    choose((item) =>
      isMap(item)
        ? optionalKeys(shapes.port, 'target, published')
        : z.union([z.number(), z.string()], { error: 'must be a port such as "8080:80"' }),
    ),
    { error: 'must be a list: - "8080:80"' },
  ),
  read_only: boolean,
  secrets: grants('secrets'),
  stdin_open: boolean,
  stop_grace_period: duration,
  stop_signal: text,
  sysctls: pairs,
  tty: boolean,
  ulimits: z.unknown(),
  user: text,
  volumes: z.array(
    choose((item) => (isMap(item) ? optionalKeys(shapes.mount, 'type, source, target') : text)),
    { error: 'must be a list: - NAME:/path' },
  ),
  working_dir: text,
} satisfies z.ZodRawShape

const external = choose((value) => (isMap(value) ? z.strictObject({ name: text }) : boolean))
const labels = pairs
const names = (shape: z.ZodRawShape, keys: string) =>
  z.record(
    z.string().regex(/^[A-Za-z0-9._-]+$/, { error: 'invalid name: use letters, digits, ".", "_" and "-"' }),
    optionalKeys(shape, keys).nullable(),
    { error: `must be a map of names with keys such as ${keys}` },
  )

const kinds = {
  networks: {
    name: text,
    driver: text,
    driver_opts: z.unknown(),
    ipam: z.unknown(),
    external,
    internal: boolean,
    attachable: boolean,
    labels,
  },
  volumes: { name: text, driver: text, driver_opts: z.unknown(), external, labels },
  secrets: { name: text, file: text, external, labels, driver: text, driver_opts: z.unknown(), template_driver: text },
  configs: { name: text, file: text, external, labels, template_driver: text },
} satisfies Record<string, z.ZodRawShape>

/** Schema of a compose file without its `IGNORED` keys. */
export const composeSchema = mapOf(
  {
    version: choose((value) => (typeof value === 'number' ? z.unknown() : text)).optional(),
    services: z
      .record(
        z.string().regex(/^[A-Za-z0-9._-]+$/, { error: 'invalid name: use letters, digits, ".", "_" and "-"' }),
        optionalKeys(service, 'image, ports, ...'),
        { error: 'must be a map of services: "web:", and below it "  image: ..."' },
      )
      .refine((services) => Object.keys(services).length > 0, { error: 'no service defined: add one' }),
    networks: names(kinds.networks, 'driver, external, ...').nullish(),
    volumes: names(kinds.volumes, 'driver, external, ...').nullish(),
    secrets: names(kinds.secrets, 'file or external').nullish(),
    configs: names(kinds.configs, 'file or external').nullish(),
  },
  'services',
)

/** Valid keys at a path, for "did you mean". */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const [first, , third, fourth, fifth] = path.map(String)
  if (first === undefined) return ['version', 'services', 'networks', 'volumes', 'secrets', 'configs']
  if (first !== 'services') return Object.keys((kinds as Record<string, object | undefined>)[first] ?? {})
  if (third === undefined) return Object.keys(service)
  if (third === 'deploy') {
    if (fourth === undefined) return Object.keys(deploy)
    if (fourth === 'resources')
      return fifth === undefined ? Object.keys(resources) : [...Object.keys(shapes.limits), 'generic_resources']
    return Object.keys(
      {
        update_config: shapes.update,
        rollback_config: shapes.rollback,
        restart_policy: shapes.restart,
        placement: shapes.placement,
      }[fourth] ?? {},
    )
  }
  const nested: Record<string, object> = {
    healthcheck: shapes.healthcheck,
    ports: shapes.port,
    volumes: shapes.mount,
    configs: shapes.grant,
    secrets: shapes.grant,
    logging: shapes.logging,
    networks: shapes.attachment,
  }
  return Object.keys(nested[third] ?? {})
}
