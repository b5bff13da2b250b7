import { createHash } from 'node:crypto'
import { PlaybookError, toText } from 'labbook'
import { appVars } from '../app/stack.ts'

type Vars = Readonly<Record<string, unknown>>

export const NAMESPACE = 'counter'

/** Variables of the manifests in `templates/k3s`, except images and the password. */
export interface AppSettings {
  readonly namespace: string
  readonly replicas: number
  readonly counter_port: number
  readonly log_level: string
  readonly workers: number
  readonly settings_checksum: string
  readonly progress_deadline: number
  readonly toleration_seconds: number
  readonly ingress_class: string
  readonly ingress_host: string
  readonly storage_class: string
  readonly storage_size: string
  readonly image_pull_secret: string
  readonly sentinel: boolean
  readonly autoscale: boolean
  readonly min_replicas: number
  readonly max_replicas: number
  readonly cpu_percent: number
}

/** @throws {PlaybookError} if a variable is invalid. */
export function appSettings(vars: Vars): AppSettings {
  const text = (name: string, fallback: string): string => toText(vars[name] ?? fallback)
  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const value = Number(vars[name] ?? fallback)
    if (!Number.isInteger(value) || value < min || value > max)
      throw new PlaybookError(`${name} is ${JSON.stringify(vars[name])}: it must be an integer from ${min} to ${max}`)
    return value
  }
  const flag = (name: string): boolean => {
    const value = toText(vars[name] ?? 'false')
    if (value !== 'true' && value !== 'false')
      throw new PlaybookError(`${name} is ${JSON.stringify(vars[name])}: it must be true or false`)
    return value === 'true'
  }
  const { counter_replicas: replicas, counter_port } = appVars(vars)
  const [log_level, workers] = [text('counter_log_level', 'INFO'), integer('counter_workers', 2, 1, 64)]
  const [min_replicas, max_replicas] = [
    integer('counter_min_replicas', 2, 1, 100),
    integer('counter_max_replicas', 10, 1, 100),
  ]
  if (min_replicas > max_replicas)
    throw new PlaybookError(
      `counter_min_replicas is ${min_replicas}, counter_max_replicas is ${max_replicas}: the minimum must not exceed the maximum`,
    )
  return {
    namespace: text('kubernetes_namespace', NAMESPACE),
    replicas,
    counter_port,
    log_level,
    workers,
    min_replicas,
    max_replicas,
    // The Helm chart computes the same value.
    settings_checksum: createHash('sha256').update(`${log_level}|${workers}`).digest('hex').slice(0, 16),
    progress_deadline: integer('counter_progress_deadline', 120, 10, 3600),
    toleration_seconds: integer('counter_toleration_seconds', 30, 0, 3600),
    ingress_class: text('ingress_class', 'traefik'),
    ingress_host: text('ingress_host', 'counter.internal'),
    storage_class: text('storage_class', ''),
    storage_size: text('storage_size', '1Gi'),
    image_pull_secret: text('image_pull_secret', ''),
    sentinel: flag('redis_sentinel'),
    autoscale: flag('counter_autoscale'),
    cpu_percent: integer('counter_cpu_percent', 70, 1, 100),
  }
}

/** The manifests, in the order in which they are applied. */
export const manifestsOf = ({ sentinel, autoscale }: Pick<AppSettings, 'sentinel' | 'autoscale'>): string[] =>
  [
    'namespace',
    'config',
    'secret',
    sentinel ? 'redis-sentinel' : 'redis',
    'counter',
    'service',
    'ingress',
    'network-policy',
    ...(autoscale ? ['hpa'] : []),
  ].map((name) => `k3s/${name}.yaml`)
