import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { appSettings, manifestsOf } from '../../../../playbooks/k3s/settings.ts'
import { prepareObjects, readManifests, type KubeObject } from '../../../../src/modules/kubernetes/objects.ts'
import { render } from '../../../../src/templates/index.ts'

const ROOT = path.resolve(import.meta.dirname, '../../../..')
const IMAGES = {
  counter: 'registry:5000/labbook/counter@sha256:aa',
  redis: 'registry:5000/labbook/redis@sha256:bb',
  haproxy: 'registry:5000/labbook/balancer@sha256:cc',
}
const PASSWORD = 'not-a-real-password'

/** Variables of a deployment, and the equal values of the chart. */
export interface Variant {
  readonly name: string
  readonly vars: Readonly<Record<string, string>>
  readonly values: readonly string[]
}

export const VARIANTS: readonly Variant[] = [
  { name: 'with defaults', vars: {}, values: [] },
  { name: 'with Sentinel', vars: { redis_sentinel: 'true' }, values: ['sentinel=true'] },
  {
    name: 'with an autoscaler',
    vars: { counter_autoscale: 'true', counter_max_replicas: '6' },
    values: ['autoscale=true', 'maxReplicas=6'],
  },
  {
    name: 'with all settings',
    vars: {
      counter_replicas: '7',
      counter_port: '9090',
      counter_log_level: 'DEBUG',
      counter_workers: '4',
      counter_progress_deadline: '30',
      counter_toleration_seconds: '5',
      ingress_class: 'nginx',
      ingress_host: 'a.example',
      storage_class: 'local-path',
      storage_size: '2Gi',
      image_pull_secret: 'pull',
      kubernetes_namespace: 'other',
      redis_sentinel: 'true',
    },
    values: [
      'replicas=7',
      'counterPort=9090',
      'logLevel=DEBUG',
      'workers=4',
      'progressDeadline=30',
      'tolerationSeconds=5',
      'ingressClass=nginx',
      'ingressHost=a.example',
      'storageClass=local-path',
      'storageSize=2Gi',
      'imagePullSecret=pull',
      'sentinel=true',
    ],
  },
]

/** The objects of `templates/k3s`, as they would be sent. */
export function fromTemplates({ vars }: Variant): KubeObject[] {
  const settings = appSettings(vars)
  const all = {
    ...settings,
    redis_password: PASSWORD,
    counter_image: IMAGES.counter,
    redis_image: IMAGES.redis,
    haproxy_image: IMAGES.haproxy,
  }
  return prepareObjects(
    manifestsOf(settings).flatMap((file) =>
      readManifests(render(readFileSync(path.join(ROOT, 'templates', file), 'utf8'), file, all).text, file),
    ),
    undefined,
  )
}

/** The objects of the chart, rendered by Helm. */
export function fromChart(helm: string, { vars, values }: Variant): KubeObject[] {
  const set = [
    `counterImage=${IMAGES.counter}`,
    `redisImage=${IMAGES.redis}`,
    `haproxyImage=${IMAGES.haproxy}`,
    `redisPassword=${PASSWORD}`,
    'createNamespace=true',
    ...values,
  ]
  const text = execFileSync(
    helm,
    [
      'template',
      'counter',
      'templates/k3s/chart',
      '--namespace',
      vars.kubernetes_namespace ?? 'counter',
      ...set.flatMap((each) => ['--set', each]),
    ],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return prepareObjects(readManifests(text, 'chart'), undefined)
}

/** The object of this kind and name. */
export const named = (objects: readonly KubeObject[], kind: string, name: string): KubeObject => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`no ${kind} ${name}`)
  return found
}

interface Probe {
  readonly httpGet?: { path: string }
  readonly exec?: { command: string[] }
  readonly timeoutSeconds?: number
}
interface Container {
  readonly name: string
  readonly image: string
  readonly env?: { name: string }[]
  readonly startupProbe?: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly securityContext: object
  readonly resources: { limits?: object; requests?: object }
}
interface PodSpec {
  readonly containers: Container[]
  readonly securityContext: { runAsUser: number; runAsNonRoot: boolean }
  readonly enableServiceLinks: boolean
  readonly automountServiceAccountToken: boolean
  readonly topologySpreadConstraints?: object[]
}

/** Pod template of an object. */
export const podOf = (object: KubeObject): PodSpec => (object.spec as { template: { spec: PodSpec } }).template.spec
