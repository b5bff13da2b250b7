import * as z from 'zod'

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/
const SIZE = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i

const duration = z.string().regex(DURATION, 'must be a duration such as 10s, 500ms or 2m')
const size = z.string().regex(SIZE, 'must be a size such as 512M or 1G')
const amounts = z.strictObject({ cpus: z.number().positive().optional(), memory: size.optional() })
const update = z.strictObject({
  parallelism: z.int().min(0).optional(),
  delay: duration.optional(),
  monitor: duration.optional(),
  order: z.enum(['start-first', 'stop-first']).optional(),
  failure_action: z.enum(['pause', 'continue', 'rollback']).optional(),
})

/** The parameters of docker_service that define the service. */
export const serviceSettings = z.strictObject({
  image: z.string().optional(),
  /** `replicated`: as many tasks as `replicas` says. `global`: one task on each node. */
  mode: z.enum(['replicated', 'global']).default('replicated'),
  replicas: z.int().min(0).default(1),
  /** Overrides the image's entrypoint. */
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  user: z.string().optional(),
  publish: z
    .array(
      z.strictObject({
        target_port: z.int().min(1).max(65_535),
        published_port: z.int().min(1).max(65_535).optional(),
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
        mode: z.enum(['ingress', 'host']).default('ingress'),
      }),
    )
    .default([]),
  networks: z.array(z.string()).default([]),
  mounts: z
    .array(
      z.strictObject({
        type: z.enum(['bind', 'volume', 'tmpfs']).default('volume'),
        source: z.string().optional(),
        target: z.string(),
        readonly: z.boolean().default(false),
      }),
    )
    .default([]),
  placement: z
    .strictObject({
      constraints: z.array(z.string()).default([]),
      /** Node labels to spread over: `node.labels.zone`. */
      spread: z.array(z.string()).default([]),
      replicas_max_per_node: z.int().min(0).optional(),
    })
    .optional(),
  endpoint_mode: z.enum(['vip', 'dnsrr']).optional(),
  limits: amounts.optional(),
  reservations: amounts.optional(),
  restart_config: z
    .strictObject({
      condition: z.enum(['none', 'on-failure', 'any']).optional(),
      delay: duration.optional(),
      max_attempts: z.int().min(0).optional(),
    })
    .optional(),
  update_config: update.optional(),
  rollback_config: update.optional(),
  labels: z.record(z.string(), z.string()).default({}),
})

type Settings = z.output<typeof serviceSettings>

/** The service specification of the Engine API. */
export function serviceSpec(name: string, params: Settings): Record<string, unknown> {
  return {
    Name: name,
    Labels: params.labels,
    TaskTemplate: {
      ContainerSpec: {
        Image: params.image,
        Command: params.command,
        Args: params.args,
        Env: Object.entries(params.env)
          .map(([key, value]) => `${key}=${value}`)
          .sort(),
        User: params.user,
        Mounts: params.mounts.map(({ type, source, target, readonly }) => ({
          Type: type,
          Source: source,
          Target: target,
          ...(readonly && { ReadOnly: true }),
        })),
      },
      Resources: { Limits: resources(params.limits), Reservations: resources(params.reservations) },
      RestartPolicy: params.restart_config && {
        Condition: params.restart_config.condition,
        Delay: nanoseconds(params.restart_config.delay),
        MaxAttempts: params.restart_config.max_attempts,
      },
      Placement: params.placement && {
        Constraints: params.placement.constraints,
        Preferences: params.placement.spread.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })),
        MaxReplicas: params.placement.replicas_max_per_node,
      },
      Networks: params.networks.map((Target) => ({ Target })),
    },
    Mode: params.mode === 'global' ? { Global: {} } : { Replicated: { Replicas: params.replicas } },
    UpdateConfig: updateConfig(params.update_config),
    RollbackConfig: updateConfig(params.rollback_config),
    EndpointSpec: {
      Mode: params.endpoint_mode,
      Ports: params.publish.map(({ target_port, published_port, protocol, mode }) => ({
        Protocol: protocol,
        TargetPort: target_port,
        PublishedPort: published_port,
        PublishMode: mode,
      })),
    },
  }
}

const resources = (amount: z.output<typeof amounts> | undefined) =>
  amount && {
    NanoCPUs: amount.cpus === undefined ? undefined : Math.round(amount.cpus * 1e9),
    MemoryBytes: amount.memory === undefined ? undefined : bytes(amount.memory),
  }

const updateConfig = (config: z.output<typeof update> | undefined) =>
  config && {
    Parallelism: config.parallelism,
    Delay: nanoseconds(config.delay),
    Monitor: nanoseconds(config.monitor),
    Order: config.order,
    FailureAction: config.failure_action,
  }

function bytes(text: string): number {
  const [, number, unit = ''] = SIZE.exec(text) ?? []
  return Math.round(Number(number) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' '))
}

function nanoseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, number, unit = 's'] = DURATION.exec(text) ?? []
  return Math.round(Number(number) * ({ ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }[unit] ?? 1e9))
}
