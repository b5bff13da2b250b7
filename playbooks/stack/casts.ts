import type { Document } from 'yaml'
import { nodesAt } from './node-paths.ts'

/** Converts interpolated text; undefined if it is not such a value. */
type Cast = (text: string) => Scalar | undefined
type Scalar = number | bigint | boolean

const toInteger: Cast = (text) => {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** Compose reads a file mode from text as octal. */
const toMode: Cast = (text) => (/^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined)

const toNumber: Cast = (text) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined)

const toBoolean: Cast = (text) =>
  /^(y|yes|true|on)$/i.test(text) ? true : /^(n|no|false|off)$/i.test(text) ? false : undefined

/** What Compose converts after it has interpolated variables, except for keys that Swarm does not support. */
const CASTS: readonly (readonly [Cast, string])[] = [
  [toInteger, 'services.*.deploy.replicas'],
  [toInteger, 'services.*.deploy.update_config.parallelism'],
  [toNumber, 'services.*.deploy.update_config.max_failure_ratio'],
  [toInteger, 'services.*.deploy.rollback_config.parallelism'],
  [toNumber, 'services.*.deploy.rollback_config.max_failure_ratio'],
  [toInteger, 'services.*.deploy.restart_policy.max_attempts'],
  [toInteger, 'services.*.deploy.placement.max_replicas_per_node'],
  [toInteger, 'services.*.deploy.resources.limits.pids'],
  [toInteger, 'services.*.deploy.resources.reservations.generic_resources.[].discrete_resource_spec.value'],
  [toInteger, 'services.*.healthcheck.retries'],
  [toBoolean, 'services.*.healthcheck.disable'],
  [toBoolean, 'services.*.init'],
  [toBoolean, 'services.*.read_only'],
  [toBoolean, 'services.*.stdin_open'],
  [toBoolean, 'services.*.tty'],
  [toMode, 'services.*.configs.[].mode'],
  [toMode, 'services.*.secrets.[].mode'],
  [toInteger, 'services.*.ports.[].target'],
  [toInteger, 'services.*.ports.[].published'],
  [toInteger, 'services.*.ulimits.*'],
  [toInteger, 'services.*.ulimits.*.hard'],
  [toInteger, 'services.*.ulimits.*.soft'],
  [toBoolean, 'services.*.volumes.[].read_only'],
  [toBoolean, 'services.*.volumes.[].volume.nocopy'],
  [toInteger, 'services.*.volumes.[].tmpfs.size'],
  [toBoolean, 'networks.*.external'],
  [toBoolean, 'networks.*.internal'],
  [toBoolean, 'networks.*.attachable'],
  [toBoolean, 'volumes.*.external'],
  [toBoolean, 'secrets.*.external'],
  [toBoolean, 'configs.*.external'],
]

/** The conversions of a document's nodes. */
export function castsOf(document: Document): ReadonlyMap<unknown, Cast> {
  const casts = new Map<unknown, Cast>()
  for (const [cast, path] of CASTS) for (const node of nodesAt(document, path)) casts.set(node, cast)
  return casts
}
