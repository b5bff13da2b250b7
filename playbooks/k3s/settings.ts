import { createHash } from 'node:crypto'
import { type LabSetupContext } from '../messages/say.ts'
import { PlaybookError } from 'labbook'
import { appVars } from '../app/vars.ts'
import { k3sAppVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

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
  readonly ingress_port: number
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
  const app = appVars.read(vars)
  const set = k3sAppVars.read(vars)
  const { counter_min_replicas: min_replicas, counter_max_replicas: max_replicas } = set
  if (min_replicas > max_replicas)
    throw new PlaybookError(
      `counter_min_replicas is ${min_replicas}, counter_max_replicas is ${max_replicas}: the minimum must not exceed the maximum`,
    )
  const { counter_log_level: log_level, counter_workers: workers } = set
  return {
    namespace: set.kubernetes_namespace,
    replicas: app.counter_replicas,
    counter_port: app.counter_port,
    log_level,
    workers,
    min_replicas,
    max_replicas,
    // The Helm chart computes the same value.
    settings_checksum: createHash('sha256').update(`${log_level}|${workers}`).digest('hex').slice(0, 16),
    progress_deadline: set.counter_progress_deadline,
    toleration_seconds: set.counter_toleration_seconds,
    ingress_class: set.ingress_class,
    ingress_host: set.ingress_host,
    ingress_port: set.ingress_port,
    storage_class: set.storage_class,
    storage_size: set.storage_size,
    image_pull_secret: set.image_pull_secret,
    sentinel: set.redis_sentinel,
    autoscale: set.counter_autoscale,
    cpu_percent: set.counter_cpu_percent,
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

/** The app's settings for an experiment. */
export const settingsOf = (on: Pick<LabSetupContext, 'hostvars'>): AppSettings => appSettings(on.hostvars('localhost'))
