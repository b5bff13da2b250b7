import * as z from 'zod'
import { asList, asMap, type ComposeFault, type YamlMap } from '../stack/compose-values.ts'
import { KIND_NAMES } from './kinds.ts'
import type { Overrides } from './model.ts'
import type { EntryProbe } from '../methods/entry-point.ts'

export const KEY = 'x-labbook'

const path = z.string().startsWith('/', { error: 'must start with "/"' })
const port = z.int().min(1).max(65_535).optional()

const httpProbe = z.strictObject({
  get: path,
  expect: z.int().min(100).max(599).optional(),
  port,
  counter: z.strictObject({ post: path, count: z.string() }).optional(),
})
const tcpProbe = z.strictObject({ tcp: z.literal(true), port })
const pingProbe = z.strictObject({ ping: z.enum(['redis', 'postgres', 'mysql']), port })
const probe = z.union([httpProbe, tcpProbe, pingProbe], {
  error: 'must be {get: /path}, with "expect", "port" and "counter" if you like, {tcp: true} or {ping: redis}',
})

const schema = z.strictObject({
  role: z.enum(['stateless', 'stateful', 'one-shot', 'global']).optional(),
  probe: z
    .union([probe, z.array(probe).min(1)], { error: 'must be a probe such as {get: /health}, or a list' })
    .optional(),
  depends_on: z.array(z.string()).optional(),
  skip: z.array(z.enum(KIND_NAMES)).optional(),
  max_outage: z.number().positive().optional(),
})

type ProbeInput = z.infer<typeof probe>

function probeOf(input: ProbeInput): EntryProbe & { readonly port?: number } {
  const at = input.port === undefined ? {} : { port: input.port }
  if ('tcp' in input) return { kind: 'tcp', ...at }
  if ('ping' in input) return { kind: 'ping', protocol: input.ping, ...at }
  return {
    kind: 'http',
    path: input.get,
    ...(input.expect === undefined ? {} : { expect: input.expect }),
    ...(input.counter === undefined ? {} : { counter: input.counter }),
    ...at,
  }
}

/** Reads `x-labbook` of a service, which Swarm ignores. */
export function overridesOf(service: YamlMap): Overrides {
  const { success, data } = schema.safeParse(service[KEY] ?? {})
  if (!success) return {}
  return {
    ...(data.role === undefined ? {} : { role: data.role }),
    ...(data.probe === undefined
      ? {}
      : { probes: (Array.isArray(data.probe) ? data.probe : [data.probe]).map(probeOf) }),
    ...(data.depends_on === undefined ? {} : { dependsOn: data.depends_on }),
    ...(data.skip === undefined ? {} : { skip: data.skip }),
    ...(data.max_outage === undefined ? {} : { maxOutage: data.max_outage }),
  }
}

/** The errors in `x-labbook` of all services. */
export function overrideFaults(data: YamlMap): ComposeFault[] {
  const services = asMap(data.services)
  return Object.entries(services).flatMap(([name, service]): ComposeFault[] => {
    const at = ['services', name, KEY]
    const input = asMap(service)[KEY]
    if (input === undefined) return []
    const unknown = asList(asMap(input).depends_on).filter((each) => !Object.hasOwn(services, String(each)))
    return [
      ...(schema.safeParse(input).error?.issues ?? []).map(
        ({ path: inner, message }): ComposeFault => ({
          path: [...at, ...inner.filter((key): key is string | number => typeof key !== 'symbol')],
          message: `${[KEY, ...inner].map(String).join('.')}: ${message}`,
        }),
      ),
      ...unknown.map(
        (each): ComposeFault => ({
          path: [...at, 'depends_on'],
          message: `${KEY}.depends_on: the file has no service "${String(each)}"`,
        }),
      ),
    ]
  })
}
