import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parseAutoscaler } from '../../playbooks/k3s/objects.ts'
import { assertSucceeds, changed, failures, objectsChanged, part, taskNames, vars, waitFor } from '../k3s/results.ts'
import { runPlaybook } from '../support/playbook.ts'
import { program } from '../support/programs.ts'
import { kubernetes } from './build.ts'
import { CONTEXT, startControlPlane } from './control-plane.ts'
import { startMetrics } from './metrics.ts'
import { isReady, type Judge, startNodes } from './nodes.ts'

/*
 * The app's manifests on the API, the controllers and the scheduler of Kubernetes itself. Its nodes are a stand-in:
 * pods become ready, but run no container.
 */

const programs = kubernetes((line) => {
  t.comment(line)
})
const cluster = await startControlPlane(programs)

const isRedis = (pod: Parameters<Judge>[0]): boolean => pod.metadata.labels?.['app.kubernetes.io/name'] === 'redis'
/** Pods of the app are ready while their Redis is. */
const healthy: Judge = (pod, pods) => {
  if (pod.metadata.labels?.['app.kubernetes.io/name'] !== 'counter') return 'ready'
  const own = pods.filter((other) => isRedis(other) && other.metadata.namespace === pod.metadata.namespace)
  return own.some(isReady) ? 'ready' : 'running'
}
let judge = healthy
const stopNodes = startNodes(cluster.api, ['node1', 'node2'], (...args) => judge(...args))
t.teardown(async () => {
  try {
    await stopNodes()
  } finally {
    await cluster.stop()
  }
})

process.env['KUBECONFIG'] = cluster.kubeconfig
process.env['PATH'] = `${path.dirname(programs.kubectl)}:${process.env['PATH'] ?? ''}`
const kubectl = (...args: readonly string[]): string =>
  execFileSync('kubectl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
const get = (what: string, field: string, namespace = 'counter'): string =>
  kubectl('--namespace', namespace, 'get', ...what.split(' '), '-o', `jsonpath=${field}`)

// Of each Redis, one volume.
for (let i = 0; i < 6; i += 1) {
  await cluster.api('POST', '/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `volume-${i}` },
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/nonexistent/volume-${i}` },
    },
  })
}

const inventory = path.join(cluster.directory, 'inventory.yaml')
writeFileSync(inventory, 'all: {hosts: {}}\n')
const IMAGES = { counter_image: 'counter:1', redis_image: 'redis:1', haproxy_image: 'haproxy:1' }
/** Deploys the app. Nothing answers requests here, so without the proof. */
const up = (more: Readonly<Record<string, unknown>> = {}, ...options: readonly string[]) =>
  runPlaybook('playbooks/k3s.mjs', [
    'up',
    '-i',
    inventory,
    '--skip-tags',
    'proof',
    ...vars({ kubecontext: CONTEXT, redis_password: 'of-this-test-alone', ...IMAGES, ...more }),
    ...options,
  ])

const UP = 'up deploys the app, and a second run changes nothing'

await part(UP, async (t) => {
  await assertSucceeds(t, up())
  t.equal(get('deployment counter', '{.status.availableReplicas}'), '4')
  await assertSucceeds(t, up())
  t.strictSame(taskNames(changed()), [])
})

await part(
  'check mode predicts exactly the changes of the run',
  async (t) => {
    const generation = (): string => get('deployment counter', '{.metadata.generation}')
    const before = generation()
    await assertSucceeds(t, up({ counter_replicas: 6 }, '--check', '--diff'))
    const [predicted] = changed()
    t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
    t.equal(generation(), before, 'check mode changes nothing')
    await assertSucceeds(t, up({ counter_replicas: 6 }))
    t.strictSame(changed()[0]?.changes[0]?.diff, predicted?.changes[0]?.diff)
    t.equal(get('deployment counter', '{.status.availableReplicas}'), '6')
  },
  [UP],
)

await part(
  'fields that others own are taken back',
  async (t) => {
    kubectl('--namespace', 'counter', 'scale', 'deployment', 'counter', '--replicas=3')
    await assertSucceeds(t, up())
    t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
    t.equal(get('deployment counter', '{.spec.replicas}'), '4')
  },
  [UP],
)

await part(
  'Redis with Sentinel and back: each run waits until the app is ready again',
  async (t) => {
    await assertSucceeds(t, up({ redis_sentinel: true }))
    t.equal(get('statefulset redis', '{.status.readyReplicas}'), '3')
    await assertSucceeds(t, up())
    t.ok(objectsChanged().includes('prune Deployment counter/redis-proxy: not in the manifests'))
    t.equal(get('deployment counter', '{.status.availableReplicas}'), '4', 'the run ends when the app is available')
    await assertSucceeds(t, up())
    t.strictSame(taskNames(changed()), [])
  },
  [UP],
)

await part('a workload that does not start is explained by the events of all of them', async (t) => {
  const namespace = 'broken'
  judge = (pod, pods) => (pod.metadata.namespace === namespace ? 'not started' : healthy(pod, pods))
  t.teardown(() => {
    judge = healthy
  })
  const run = up({ kubernetes_namespace: namespace, counter_port: 8090, kubernetes_wait_timeout: 20 })
  const pod = await waitFor('a pod of the app', () => {
    const selector = ['--namespace', namespace, '--selector', 'app.kubernetes.io/name=counter']
    return (
      kubectl('get', 'pods', ...selector, '-o', 'name')
        .split('\n')[0]
        ?.slice('pod/'.length) || undefined
    )
  })
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
  await cluster.api('POST', `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'sandbox', namespace },
    involvedObject: { kind: 'Pod', name: pod, namespace },
    type: 'Warning',
    reason: 'FailedCreatePodSandBox',
    message: 'failed to get sandbox image "pause:3.10"',
    firstTimestamp: now,
    lastTimestamp: now,
  })
  t.equal((await run).exitCode, 2)
  t.match(failures(), [
    /Apply manifests: StatefulSet redis not ready after 20 s: pod redis-0: no container started \(Pending\); last event of counter-\S+: FailedCreatePodSandBox: failed to get sandbox image/,
  ])
})

await part(
  'an autoscaler owns the replicas, and says that it has no metrics',
  async (t) => {
    await assertSucceeds(t, up({ counter_autoscale: true }))
    const trouble = await waitFor('the autoscaler has looked for metrics', () => {
      const autoscaler = parseAutoscaler(kubectl('--namespace', 'counter', 'get', 'hpa', 'counter', '-o', 'json'))
      return autoscaler?.trouble
    })
    t.match(trouble, /unable to get metrics for resource cpu/)
    kubectl('--namespace', 'counter', 'scale', 'deployment', 'counter', '--replicas=5')
    await assertSucceeds(t, up({ counter_autoscale: true }))
    t.strictSame(objectsChanged(), [])
    t.equal(get('deployment counter', '{.spec.replicas}'), '5')
    await assertSucceeds(t, up())
    t.ok(objectsChanged().includes('prune HorizontalPodAutoscaler counter/counter: not in the manifests'))
    t.equal(get('deployment counter', '{.spec.replicas}'), '4')
  },
  [UP],
)

await part(
  'an autoscaler with metrics adds pods up to its limit, and a run leaves them',
  async (t) => {
    const metrics = await startMetrics(cluster.api, path.join(cluster.directory, 'certificates'), () => '500m')
    t.teardown(metrics.stop)
    await assertSucceeds(t, up({ counter_autoscale: true, counter_max_replicas: 7 }))
    const replicas = (): string => get('deployment counter', '{.spec.replicas}')
    await waitFor('the autoscaler adds pods', () => (replicas() === '7' ? true : undefined), 120)
    const { trouble, cpu } =
      parseAutoscaler(kubectl('--namespace', 'counter', 'get', 'hpa', 'counter', '-o', 'json')) ?? {}
    t.strictSame([trouble, cpu], [undefined, 500], 'percent of the requested CPU')
    await assertSucceeds(t, up({ counter_autoscale: true, counter_max_replicas: 7 }))
    t.strictSame(objectsChanged(), [])
    t.equal(replicas(), '7')
    await assertSucceeds(t, up())
  },
  [UP],
)

const helm = program('helm')
await part(
  'the Helm chart can be installed, upgraded and removed',
  async (t) => {
    const file = 'path' in helm ? helm.path : ''
    for (const kind of ['CACHE', 'CONFIG', 'DATA'])
      process.env[`HELM_${kind}_HOME`] = path.join(cluster.directory, 'helm', kind)
    const password = path.join(cluster.directory, 'redis-password')
    writeFileSync(password, 'of-the-chart-alone', { mode: 0o600 })
    // The nodes are in this process, so it must not block.
    const run = (...args: readonly string[]): Promise<unknown> =>
      promisify(execFile)(file, [...args, '--namespace', 'chart'])
    const install = (replicas: number): Promise<unknown> =>
      run(
        ...[
          'upgrade',
          '--install',
          'counter',
          'templates/k3s/chart',
          '--create-namespace',
          '--wait',
          '--timeout',
          '3m',
        ],
        ...['--set', `counterImage=counter:1,redisImage=redis:1,counterPort=8091,replicas=${replicas}`],
        ...['--set-file', `redisPassword=${password}`],
      )
    await install(2)
    t.equal(get('deployment counter', '{.status.readyReplicas}', 'chart'), '2')
    await install(3)
    t.equal(get('deployment counter', '{.status.readyReplicas}', 'chart'), '3')
    await run('uninstall', 'counter', '--wait')
    t.equal(kubectl('--namespace', 'chart', 'get', 'deployments,services', '-o', 'name'), '')
  },
  [],
  'missing' in helm ? helm.missing : undefined,
)
