import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findKubectl } from '../../../../src/modules/kubernetes/kubectl.ts'
import type { KubeObject } from '../../../../src/modules/kubernetes/objects.ts'
import { waitScript } from '../../../../src/modules/kubernetes/rollout.ts'
import { kubeApi } from '../../../support/kube-api.ts'
import { program } from '../../../support/programs.ts'

/* The go-templates of an incomplete rollout, by a real kubectl, on pods of a real k3s without the pause image. */

const found = program('kubectl')

const pods = (
  JSON.parse(readFileSync('test/fixtures/k3s-1.35/pods-no-pause-image.json', 'utf8')) as { items: KubeObject[] }
).items
const workload = (kind: string, name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'counter' },
  spec: {
    replicas: kind === 'Deployment' ? 4 : 1,
    updateStrategy: { type: 'RollingUpdate' },
    selector: { matchLabels: { 'app.kubernetes.io/name': name } },
  },
  status: {},
})
const event = (pod: string, message: string, reason = 'FailedCreatePodSandBox') => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: pod, namespace: 'counter' },
  involvedObject: { name: pod },
  type: 'Warning',
  lastTimestamp: '2026-11-28T13:12:00Z',
  reason,
  message,
})

/** Waits for Redis with the script. @returns its exit code, and what it prints. */
async function waitForRedis(t: Test, objects: readonly KubeObject[], events: readonly KubeObject[]) {
  const [redis, counter] = [workload('StatefulSet', 'redis'), workload('Deployment', 'counter')]
  const api = await kubeApi({ pods: objects, statefulsets: [redis], deployments: [counter], events })
  t.teardown(api.close)
  const dir = t.testdir({ config: '' })
  const kubectl = `${'path' in found ? found.path : ''} --server ${api.url} --cache-dir ${dir}`
  const script = [findKubectl({ kubectl, kubeconfig: `${dir}/config` }), waitScript(redis, 1, [redis, counter])].join(
    '\n',
  )
  return await promisify(execFile)('sh', ['-c', script]).then(
    () => ({ code: 0, stderr: '' }),
    (error: unknown) => error as { code: number; stderr: string },
  )
}

t.test(
  'a pod whose volume is not created shows the last event of its claim',
  { skip: 'missing' in found ? found.missing : false },
  async (t) => {
    const claim = (name: string, reason: string, message: string, seconds: number) => ({
      ...event(`${name}.${seconds}`, message, reason),
      involvedObject: { kind: 'PersistentVolumeClaim', name },
      type: 'Normal',
      lastTimestamp: `2026-11-29T19:25:${seconds}Z`,
    })
    const { stderr } = await waitForRedis(
      t,
      pods.filter(({ metadata }) => metadata.name === 'redis-0'),
      [
        claim('data-redis-0', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding', 10),
        claim('data-redis-0', 'ExternalProvisioning', 'Waiting for a volume to be created', 20),
        claim('data-other-0', 'ProvisioningFailed', 'of another pod', 30),
      ],
    )
    t.match(
      stderr.trimEnd().split('\n').at(-1),
      /^StatefulSet redis not ready after 1 s: pod redis-0: no container started \(Pending\); last event of claim data-redis-0: ExternalProvisioning: Waiting for a volume to be created$/,
    )
  },
)

t.test(
  'an incomplete rollout shows the events of all workloads that are not up',
  // kubectl comes from an npm package with binaries for x86-64 Linux only; `found.missing` says so.
  { skip: 'missing' in found ? found.missing : false },
  async (t) => {
    const counters = pods.filter(({ metadata }) => metadata.name.startsWith('counter'))
    const { code, stderr } = await waitForRedis(t, pods, [
      // As a real Kubernetes reports it of each pod whose volume is not bound yet.
      event(
        'redis-0',
        '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
        'FailedScheduling',
      ),
      ...counters.map(({ metadata }) =>
        event(metadata.name, 'failed to get sandbox image "rancher/mirrored-pause:3.6"'),
      ),
    ])
    t.equal(code, 1)
    t.match(stderr, /^redis-0\|0\|no container started \(Pending\)\n/m)
    t.match(stderr, /^counter-596c549bd6-6hgl6\|0\|ContainerCreating\n/m)
    t.match(stderr, /== events of pod counter-\S+\nFailedCreatePodSandBox: failed to get sandbox image/)
    t.equal(
      (stderr.match(/== events of pod counter/g) ?? []).length,
      2,
      'two pods of a workload, as the others fail alike',
    )
    t.match(
      stderr.trimEnd().split('\n').at(-1),
      /^StatefulSet redis not ready after 1 s: pod redis-0: no container started \(Pending\); last event of counter-\S+: FailedCreatePodSandBox: failed to get sandbox image/,
    )
  },
)
