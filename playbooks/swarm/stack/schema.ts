import { z } from 'zod'

/*
 * Compose files as `docker stack deploy` takes them (its schema, version 3.9). Docker has the last word; this one has
 * line numbers, and speaks before anything is touched.
 */

/** Leaves the choice of a schema to a look at the value, so that a message is about what was meant. */
const choose = (pick: (value: unknown) => z.ZodType): z.ZodType =>
  z.unknown().superRefine((value, context) => {
    for (const issue of pick(value).safeParse(value).error?.issues ?? [])
      context.addIssue({ ...issue } as Parameters<typeof context.addIssue>[0])
  })

const isList = Array.isArray
const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !isList(value)
/** Docker fills in variables before it looks at types: such a text may become anything. */
const isOpen = (value: unknown): boolean => typeof value === 'string' && value.includes('$')
const open = (type: z.ZodType): z.ZodType => choose((value) => (isOpen(value) ? z.unknown() : type))

const text = z.string({ error: 'must be text: put it in quotes' })
const number = open(z.number({ error: 'must be a number' }))
const whole = open(z.int({ error: 'must be a whole number' }).nonnegative({ error: 'must not be negative' }))
const truth = open(z.boolean({ error: 'must be true or false' }))
const duration = open(
  text.regex(/^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/, { error: 'must be a duration such as 10s or 1m30s' }),
)
const texts = z.array(text, { error: 'must be a list: put a "- " before each entry, or [ ] around all' })
const textOrTexts = choose((value) => (isList(value) ? texts : text))
const one = (...words: [string, ...string[]]): z.ZodType =>
  open(z.enum(words, { error: `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}` }))

/** Docker reads YAML 1.1, in which these are no texts either. */
const value = choose((given) =>
  typeof given === 'boolean' || (typeof given === 'string' && /^(yes|no|on|off)$/i.test(given))
    ? z.never({ error: 'Docker reads this as true or false, and takes text here: put it in quotes' })
    : z.union([z.string(), z.number(), z.null()], { error: 'must be text' }),
)
const pairs = choose((given) =>
  isList(given)
    ? z.array(text)
    : z.record(z.string(), value, { error: 'must be pairs (NAME: value), or a list (- NAME=value)' }),
)

/** A map whose own keys are known, beside `x-...`. */
const known = <S extends z.ZodRawShape>(shape: S, what: string) =>
  z
    .record(z.string(), z.unknown(), { error: `must have keys of its own: ${what}` })
    .transform((map) => Object.fromEntries(Object.entries(map).filter(([key]) => !key.startsWith('x-'))))
    .pipe(z.strictObject(shape))

const shapes = {
  healthcheck: {
    disable: truth,
    interval: duration,
    retries: whole,
    test: textOrTexts,
    timeout: duration,
    start_period: duration,
    start_interval: duration,
  },
  update: {
    parallelism: whole,
    delay: duration,
    failure_action: one('pause', 'continue', 'rollback'),
    monitor: duration,
    max_failure_ratio: number,
    order: one('start-first', 'stop-first'),
  },
  rollback: {
    parallelism: whole,
    delay: duration,
    failure_action: one('pause', 'continue'),
    monitor: duration,
    max_failure_ratio: number,
    order: one('start-first', 'stop-first'),
  },
  restart: { condition: one('none', 'on-failure', 'any'), delay: duration, max_attempts: whole, window: duration },
  placement: {
    constraints: texts,
    max_replicas_per_node: whole,
    preferences: z.array(z.strictObject({ spread: text }), { error: 'must be a list: - spread: node.labels.NAME' }),
  },
  limits: { cpus: text, memory: text, pids: whole },
  reservations: { cpus: text, memory: text, generic_resources: z.unknown() },
  port: { target: whole, published: whole, protocol: one('tcp', 'udp', 'sctp'), mode: one('ingress', 'host') },
  mount: {
    type: one('bind', 'volume', 'tmpfs', 'npipe', 'cluster'),
    source: text,
    target: text,
    read_only: truth,
    consistency: text,
    bind: z.unknown(),
    volume: z.unknown(),
    tmpfs: z.unknown(),
    cluster: z.unknown(),
  },
  grant: { source: text, target: text, uid: text, gid: text, mode: number },
  logging: { driver: text, options: z.record(z.string(), z.unknown()) },
} satisfies Record<string, z.ZodRawShape>

/** All keys may be left out. */
const some = <S extends z.ZodRawShape>(shape: S, what: string) =>
  known(Object.fromEntries(Object.entries(shape).map(([key, type]) => [key, (type as z.ZodType).optional()])), what)

const resources = {
  limits: some(shapes.limits, 'cpus, memory'),
  reservations: some(shapes.reservations, 'cpus, memory'),
}
const deploy = {
  mode: one('replicated', 'global', 'replicated-job', 'global-job'),
  replicas: whole,
  endpoint_mode: one('vip', 'dnsrr'),
  labels: pairs,
  placement: some(shapes.placement, 'constraints, preferences'),
  update_config: some(shapes.update, 'parallelism, order'),
  rollback_config: some(shapes.rollback, 'parallelism, order'),
  restart_policy: some(shapes.restart, 'condition, delay'),
  resources: some(resources, 'limits, reservations'),
}

const grants = (what: string): z.ZodType =>
  z.array(
    choose((item) => (isMap(item) ? some(shapes.grant, 'source, target') : text)),
    { error: `must be a list of ${what}` },
  )

const service = {
  image: text,
  build: z.unknown(),
  cap_add: texts,
  cap_drop: texts,
  command: textOrTexts,
  configs: grants('configs'),
  credential_spec: z.unknown(),
  deploy: some(deploy, 'replicas, placement, ...').nullable(),
  dns: textOrTexts,
  dns_search: textOrTexts,
  entrypoint: textOrTexts,
  env_file: textOrTexts,
  environment: pairs,
  extra_hosts: pairs,
  healthcheck: some(shapes.healthcheck, 'test, interval'),
  hostname: text,
  init: truth,
  isolation: text,
  labels: pairs,
  logging: some(shapes.logging, 'driver, options'),
  networks: choose((value) => (isMap(value) ? z.record(z.string(), z.unknown()) : texts)),
  ports: z.array(
    choose((item) =>
      isMap(item)
        ? some(shapes.port, 'target, published')
        : z.union([z.number(), z.string()], { error: 'must be a port such as "8080:80"' }),
    ),
    { error: 'must be a list: - "8080:80"' },
  ),
  read_only: truth,
  secrets: grants('secrets'),
  stdin_open: truth,
  stop_grace_period: duration,
  stop_signal: text,
  sysctls: pairs,
  tmpfs: textOrTexts,
  tty: truth,
  ulimits: z.unknown(),
  user: text,
  volumes: z.array(
    choose((item) => (isMap(item) ? some(shapes.mount, 'type, source, target') : text)),
    { error: 'must be a list: - NAME:/path' },
  ),
  working_dir: text,
} satisfies z.ZodRawShape

const external = choose((value) => (isMap(value) ? z.strictObject({ name: text }) : truth))
const labels = pairs
const names = <S extends z.ZodRawShape>(shape: S, what: string) =>
  z.record(
    z.string().regex(/^[A-Za-z0-9._-]+$/, { error: 'this name may have letters, digits, ".", "_" and "-"' }),
    some(shape, what).nullable(),
    { error: `must be names, each with what it is: ${what}` },
  )

const kinds = {
  networks: {
    name: text,
    driver: text,
    driver_opts: z.unknown(),
    ipam: z.unknown(),
    external,
    internal: truth,
    attachable: truth,
    labels,
  },
  volumes: { name: text, driver: text, driver_opts: z.unknown(), external, labels },
  secrets: { name: text, file: text, external, labels, driver: text, driver_opts: z.unknown(), template_driver: text },
  configs: { name: text, file: text, external, labels, template_driver: text },
} satisfies Record<string, z.ZodRawShape>

/** `IGNORED` keys are taken out of a file before it is held against this. */
export const composeSchema = known(
  {
    version: choose((value) => (typeof value === 'number' ? z.unknown() : text)).optional(),
    services: z
      .record(
        z.string().regex(/^[A-Za-z0-9._-]+$/, { error: 'this name may have letters, digits, ".", "_" and "-"' }),
        some(service, 'image, ports, ...'),
        { error: 'must be services, each with its name: "web:", and below it "  image: ..."' },
      )
      .refine((services) => Object.keys(services).length > 0, { error: 'there is no service: add one' }),
    networks: names(kinds.networks, 'driver, external, ...').nullish(),
    volumes: names(kinds.volumes, 'driver, external, ...').nullish(),
    secrets: names(kinds.secrets, 'file or external').nullish(),
    configs: names(kinds.configs, 'file or external').nullish(),
  },
  'services',
)

/** The keys that may stand at a place; for "did you mean". */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const [first, , third, fourth, fifth] = path.map(String)
  if (first === undefined) return ['version', 'services', 'networks', 'volumes', 'secrets', 'configs']
  if (first !== 'services') return Object.keys(kinds[first as keyof typeof kinds] ?? {})
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
  const parts: Record<string, object> = {
    healthcheck: shapes.healthcheck,
    ports: shapes.port,
    volumes: shapes.mount,
    configs: shapes.grant,
    secrets: shapes.grant,
    logging: shapes.logging,
  }
  return Object.keys(parts[third] ?? {})
}
