import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { runPlaybook } from '../support/playbook.ts'
import { program } from '../support/programs.ts'
import { changed, waitFor, findings, taskNames, objectsChanged, part, assertSucceeds, vars } from './results.ts'
import {
  artifacts,
  CONTEXT,
  incrementBy,
  readCount,
  appEndpoints,
  helm,
  kubectl,
  createTestLab,
  HEALTHY,
} from './support.ts'

/*
 * The app's manifests on a cluster: predicted changes, pruning, Redis with Sentinel, a context instead of hosts, the
 * Helm chart.
 */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await createTestLab()
const k3s = (subcommand: string, ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [subcommand, ...here.inventory(), ...more])
const up = (...more: string[]) => k3s('up', ...ARTIFACTS, ...more)
const get = (what: string, field: string, namespace = 'counter'): string =>
  kubectl('--namespace', namespace, 'get', ...what.split(' '), '-o', `jsonpath=${field}`)
const isThere = (what: string): boolean =>
  kubectl('--namespace', 'counter', 'get', ...what.split(' '), '--ignore-not-found', '-o', 'name') !== ''

const UP = 'up deploys the app on a cluster'
const SENTINEL = 'Redis with Sentinel keeps the count when it is deployed and after each kill of the master pod'
const SINGLE = 'switch back to one Redis prunes the Sentinel objects and keeps the count'
const MERGE = 'k3s_kubeconfig_merge adds the context to the shared kubeconfig'

await part(UP, async (t) => {
  await assertSucceeds(t, up())
  t.match(findings(), HEALTHY)
})

await part(
  'check mode predicts exactly the changes of the run',
  async (t) => {
    const deployment = (): string => get('deployment counter', '{.metadata.generation} {.spec.replicas}')
    const before = deployment()
    await assertSucceeds(t, up('--check', '--diff', ...vars({ counter_replicas: 6 })))
    const predicted = taskNames(changed())
    t.strictSame(predicted, ['localhost: Deploy Counter app on Kubernetes: Apply manifests'])
    t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
    const diff = changed()[0]?.changes[0]?.diff
    t.match(diff, { subject: 'Deployment counter/counter', before: / replicas: 4\n/, after: / replicas: 6\n/ })
    t.equal(deployment(), before, 'check mode changes nothing')
    await assertSucceeds(t, up(...vars({ counter_replicas: 6 })))
    t.strictSame(taskNames(changed()), predicted)
    t.strictSame(changed()[0]?.changes[0]?.diff, diff, 'the run makes the predicted changes')
    t.match(findings(), HEALTHY)
    t.equal(get('deployment counter', '{.status.readyReplicas}'), '6')
  },
  [UP],
)

await part(
  'manually scaled replicas are reset',
  async (t) => {
    kubectl('--namespace', 'counter', 'scale', 'deployment', 'counter', '--replicas=3')
    await assertSucceeds(t, up())
    t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
    t.equal(get('deployment counter', '{.spec.replicas}'), '4')
  },
  [UP],
)

await part(
  'labeled objects that left the manifests are pruned, others are kept',
  async (t) => {
    for (const name of ['left-behind', 'of-someone-else'])
      kubectl('--namespace', 'counter', 'create', 'configmap', name, '--from-literal=a=b')
    kubectl('--namespace', 'counter', 'label', 'configmap', 'left-behind', 'app.kubernetes.io/part-of=counter')
    await assertSucceeds(t, up(...vars({ counter_autoscale: true })))
    t.strictSame(objectsChanged().toSorted(), [
      'create HorizontalPodAutoscaler counter/counter',
      'prune ConfigMap counter/left-behind: not in the manifests',
      'update Deployment counter/counter',
    ])
    t.match(findings(), HEALTHY)
    t.notOk(isThere('configmap left-behind'))
    await assertSucceeds(t, up())
    t.ok(
      objectsChanged().includes('prune HorizontalPodAutoscaler counter/counter: not in the manifests'),
      objectsChanged().join('; '),
    )
    t.match(findings(), HEALTHY)
    t.notOk(isThere('hpa counter'))
    t.ok(isThere('configmap of-someone-else'))
    kubectl('--namespace', 'counter', 'delete', 'configmap', 'of-someone-else')
    await assertSucceeds(t, up())
    t.strictSame(taskNames(changed()), [])
  },
  [UP],
)

const REDIS = ['redis-0', 'redis-1', 'redis-2']
/** Runs redis-cli on the Redis or the Sentinel of a pod. */
const redis = (pod: string, ...args: string[]): string =>
  kubectl('--namespace', 'counter', 'exec', pod, '--container', 'redis', '--', 'redis-cli', ...args)
const sentinel = (pod: string, ...args: string[]): string =>
  kubectl(
    '--namespace',
    'counter',
    'exec',
    pod,
    '--container',
    'sentinel',
    '--',
    'env',
    '-u',
    'REDISCLI_AUTH',
    'redis-cli',
    '-p',
    '26379',
    ...args,
  )

/** Pod of the master, once two replicas follow it and all three Sentinels agree. */
const healthyMaster = (): Promise<string> =>
  waitFor('one master, two replicas, three Sentinels', () => {
    const masters = REDIS.filter((pod) => redis(pod, 'role').startsWith('master\n'))
    const [master] = masters
    if (master === undefined || masters.length > 1) return undefined
    const replication = redis(master, 'info', 'replication')
    if ((replication.match(/^slave\d+:.*state=online/gm) ?? []).length !== 2) return undefined
    const address = get(`pod ${master}`, '{.status.podIP}')
    const agreed = REDIS.every((pod) => {
      const output = sentinel(pod, 'sentinel', 'master', 'counter').split('\n')
      const value = (name: string): string | undefined => output[output.indexOf(name) + 1]
      return value('ip') === address && value('num-other-sentinels') === '2'
    })
    return agreed ? master : undefined
  })

await part(
  SENTINEL,
  async (t) => {
    let counted = await incrementBy(t, 20)
    await assertSucceeds(t, up(...vars({ redis_sentinel: true })))
    t.match(findings(), HEALTHY)
    t.ok((await waitFor('the app answers', () => readCount())) >= counted, 'the app keeps the count')
    await assertSucceeds(t, up(...vars({ redis_sentinel: true })))
    t.strictSame(taskNames(changed()), [])
    // Each pod at least once: Sentinels must know the new pod and forget the old one.
    for (let i = 1; i <= 4; i++) {
      const master = await healthyMaster()
      counted = await incrementBy(t, 20)
      // Replication is asynchronous: unreplicated increments would be lost.
      await waitFor('replicas have the count', () =>
        REDIS.every((pod) => redis(pod, 'get', 'counter') === String(counted)) ? true : undefined,
      )
      const uid = get(`pod ${master}`, '{.metadata.uid}')
      kubectl('--namespace', 'counter', 'delete', 'pod', master, '--grace-period=0', '--force', '--wait=false')
      await waitFor(`another ${master}`, () => (get(`pod ${master}`, '{.metadata.uid}') === uid ? undefined : true))
      t.equal(
        await waitFor('the app answers', () => readCount()),
        counted,
        `kill ${i}, of ${master}: no increment is lost`,
      )
      t.not(await healthyMaster(), master, `kill ${i}, of ${master}: another pod is master`)
      counted = await incrementBy(t, 20)
    }
  },
  [UP],
)

await part(
  SINGLE,
  async (t) => {
    await healthyMaster()
    const counted = await incrementBy(t, 20)
    await waitFor('replicas have the count', () =>
      REDIS.every((pod) => redis(pod, 'get', 'counter') === String(counted)) ? true : undefined,
    )
    await assertSucceeds(t, up())
    t.match(findings(), HEALTHY)
    t.ok((await waitFor('the app answers', () => readCount())) >= counted)
    for (const gone of [
      'deployment redis-proxy',
      'service redis-sentinel',
      'configmap redis-sentinel',
      'poddisruptionbudget redis',
    ])
      t.notOk(isThere(gone), gone)
  },
  [SENTINEL],
)

/** Running images by digest: with a context, the playbook does not know them. */
const imageOf = (workload: string): string => get(workload, '{.spec.template.spec.containers[0].image}')
const onContext = (more: Record<string, unknown> = {}): string[] =>
  vars({
    kubecontext: CONTEXT,
    counter_image: imageOf('deployment counter'),
    redis_image: imageOf('statefulset redis'),
    ...more,
  })

await part(
  MERGE,
  async (t) => {
    writeFileSync(
      here.kubeconfig,
      `# the user's own
apiVersion: v1
kind: Config
clusters: [{name: other, cluster: {server: 'https://other.example:6443'}}]
users: [{name: other, user: {}}]
contexts: [{name: other, context: {cluster: other, user: other}}]
current-context: other
`,
      { mode: 0o600 },
    )
    await assertSucceeds(t, up(...vars({ k3s_kubeconfig_merge: true })))
    t.strictSame(taskNames(changed()), ['node1: Fetch kubeconfig: Add kubectl context'])
    const text = readFileSync(here.kubeconfig, 'utf8')
    t.match(text, /^# the user's own\n/)
    t.match(parse(text), {
      contexts: [{ name: 'other' }, { name: CONTEXT }],
      clusters: [{ name: 'other' }, { name: CONTEXT }],
      'current-context': 'other',
    })
    await assertSucceeds(t, up(...vars({ k3s_kubeconfig_merge: true })))
    t.strictSame(taskNames(changed()), [])
  },
  [SINGLE],
)

await part(
  'up with kubecontext instead of hosts does not change the deployed app',
  async (t) => {
    await assertSucceeds(t, k3s('up', ...onContext()))
    t.strictSame(taskNames(changed()), [])
    t.match(findings(), HEALTHY)
    // A context may be anybody's cluster: faults there need permission.
    const faults = ['experiments', ...onContext(), '--tags', 'k3s-pod-killed'] as const
    t.match(await k3s(...faults), { exitCode: 2, stderr: /context \S+: a pod of the Counter app is killed/ })
    await assertSucceeds(t, k3s(...faults, '--allow-faults'))
    t.match(findings(), { 'k3s.pod-killed.replaced': true })
  },
  [MERGE],
)

await part(
  'up with kubecontext deploys a second app in another namespace',
  async (t) => {
    const second = onContext({
      kubernetes_namespace: 'elsewhere',
      counter_port: 8090,
      counter_replicas: 2,
      ingress_host: 'elsewhere.internal',
    })
    await assertSucceeds(t, k3s('up', ...second))
    t.match(findings(), HEALTHY)
    await incrementBy(t, 20, appEndpoints(8090))
    await assertSucceeds(t, k3s('up', ...second))
    t.strictSame(taskNames(changed()), [])
    kubectl('delete', 'namespace', 'elsewhere', '--request-timeout=0', '--timeout=300s')
  },
  [MERGE],
)

const found = program('helm')
const helmFile = 'path' in found ? found.path : ''
await part(
  'Helm chart can be installed, upgraded and removed',
  async (t) => {
    const password = path.join(here.directory, 'redis-password')
    writeFileSync(password, 'of-the-chart-alone', { mode: 0o600 })
    const install = (replicas: number): string =>
      helm(
        helmFile,
        'upgrade',
        '--install',
        'counter',
        'templates/k3s/chart',
        '--namespace',
        'chart',
        '--create-namespace',
        '--set',
        `counterImage=${imageOf('deployment counter')},redisImage=${imageOf('statefulset redis')},counterPort=8091,ingressHost=chart.internal,replicas=${replicas}`,
        '--set-file',
        `redisPassword=${password}`,
        '--wait',
        '--timeout',
        '5m',
      )
    install(2)
    t.equal(get('deployment counter', '{.status.readyReplicas}', 'chart'), '2')
    const counted = await incrementBy(t, 20, appEndpoints(8091))
    install(3)
    t.equal(get('deployment counter', '{.status.readyReplicas}', 'chart'), '3')
    t.equal(await waitFor('the app answers', () => readCount(appEndpoints(8091))), counted)
    helm(helmFile, 'uninstall', 'counter', '--namespace', 'chart', '--wait')
    kubectl('delete', 'namespace', 'chart', '--request-timeout=0', '--timeout=300s')
  },
  [UP],
  'missing' in found ? found.missing : undefined,
)

await part(
  'a final run changes nothing, and reset removes the context',
  async (t) => {
    await assertSucceeds(t, up())
    t.strictSame(taskNames(changed()), [])
    await assertSucceeds(t, k3s('reset'))
    t.match(parse(readFileSync(here.kubeconfig, 'utf8')), { contexts: [{ name: 'other' }], 'current-context': 'other' })
    t.notMatch(readFileSync(here.kubeconfig, 'utf8'), CONTEXT)
    await here.remove(t)
  },
  [UP],
)
