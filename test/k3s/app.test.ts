import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { runPlaybook } from '../support/playbook.ts'
import { program } from '../support/programs.ts'
import {
  artifacts,
  changed,
  CONTEXT,
  count,
  countOf,
  doors,
  eventually,
  findings,
  helm,
  kubectl,
  namesOf,
  objectsChanged,
  part,
  place,
  succeeds,
  vars,
  WELL,
} from './support.ts'

/*
 * What the app's manifests become on a cluster: changes foreseen and made, what is gone from them, three Redis, a
 * context in place of hosts, the chart.
 */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await place()
const k3s = (word: string, ...more: string[]) => runPlaybook('playbooks/k3s.mjs', [word, ...here.inventory(), ...more])
const up = (...more: string[]) => k3s('up', ...ARTIFACTS, ...more)
const get = (what: string, field: string, namespace = 'counter'): string =>
  kubectl('--namespace', namespace, 'get', ...what.split(' '), '-o', `jsonpath=${field}`)
const isThere = (what: string): boolean =>
  kubectl('--namespace', 'counter', 'get', ...what.split(' '), '--ignore-not-found', '-o', 'name') !== ''

await part('the app on a cluster', async (t) => {
  await succeeds(t, up())
  t.match(findings(), WELL)
})

await part('check mode shows what the cluster itself says would change, changes nothing, and comes true', async (t) => {
  const deployment = (): string => get('deployment counter', '{.metadata.generation} {.spec.replicas}')
  const before = deployment()
  await succeeds(t, up('--check', '--diff', ...vars({ counter_replicas: 6 })))
  const foreseen = namesOf(changed())
  t.strictSame(foreseen, ['localhost: Counter app on Kubernetes: Deploy the app'])
  t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
  const diff = changed()[0]?.changes[0]?.diff
  t.match(diff, { subject: 'Deployment counter/counter', before: / replicas: 4\n/, after: / replicas: 6\n/ })
  t.equal(deployment(), before, 'nothing has changed')
  await succeeds(t, up(...vars({ counter_replicas: 6 })))
  t.strictSame(namesOf(changed()), foreseen)
  t.strictSame(changed()[0]?.changes[0]?.diff, diff, 'as it was foreseen')
  t.match(findings(), WELL)
  t.equal(get('deployment counter', '{.status.readyReplicas}'), '6')
})

await part('a number that someone set by hand is put right', async (t) => {
  kubectl('--namespace', 'counter', 'scale', 'deployment', 'counter', '--replicas=3')
  await succeeds(t, up())
  t.strictSame(objectsChanged(), ['update Deployment counter/counter'])
  t.equal(get('deployment counter', '{.spec.replicas}'), '4')
})

await part('what is in the manifests no more is removed, by its label; what has not the label stays', async (t) => {
  for (const name of ['left-behind', 'of-someone-else'])
    kubectl('--namespace', 'counter', 'create', 'configmap', name, '--from-literal=a=b')
  kubectl('--namespace', 'counter', 'label', 'configmap', 'left-behind', 'app.kubernetes.io/part-of=counter')
  await succeeds(t, up(...vars({ counter_autoscale: true })))
  t.strictSame(objectsChanged().toSorted(), [
    'update Deployment counter/counter',
    'create HorizontalPodAutoscaler counter/counter',
    'prune ConfigMap counter/left-behind: not in the manifests',
  ])
  t.match(findings(), WELL)
  t.notOk(isThere('configmap left-behind'))
  await succeeds(t, up())
  t.ok(
    objectsChanged().includes('prune HorizontalPodAutoscaler counter/counter: not in the manifests'),
    objectsChanged().join('; '),
  )
  t.match(findings(), WELL)
  t.notOk(isThere('hpa counter'))
  t.ok(isThere('configmap of-someone-else'))
  kubectl('--namespace', 'counter', 'delete', 'configmap', 'of-someone-else')
  await succeeds(t, up())
  t.strictSame(namesOf(changed()), [])
})

const REDIS = ['redis-0', 'redis-1', 'redis-2']
/** What Redis of a pod, or the Sentinel beside it, says. */
const redis = (pod: string, ...words: string[]): string =>
  kubectl('--namespace', 'counter', 'exec', pod, '--container', 'redis', '--', 'redis-cli', ...words)
const sentinel = (pod: string, ...words: string[]): string =>
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
    ...words,
  )

/**
 * The pod of the master, once all three are there, both others follow it, and its Sentinels know each other and nobody
 * else.
 */
const wholeMaster = (): Promise<string> =>
  eventually('one master, two replicas, three Sentinels', () => {
    const masters = REDIS.filter((pod) => redis(pod, 'role').startsWith('master\n'))
    const [master] = masters
    if (master === undefined || masters.length > 1) return undefined
    const told = redis(master, 'info', 'replication')
    if ((told.match(/^slave\d+:.*state=online/gm) ?? []).length !== 2) return undefined
    const address = get(`pod ${master}`, '{.status.podIP}')
    const agreed = REDIS.every((pod) => {
      const said = sentinel(pod, 'sentinel', 'master', 'counter').split('\n')
      const value = (name: string): string | undefined => said[said.indexOf(name) + 1]
      return value('ip') === address && value('num-other-sentinels') === '2'
    })
    return agreed ? master : undefined
  })

await part(
  'three Redis with Sentinel: the count is kept when they come, and when the pod of the master is killed, again and again',
  async (t) => {
    let counted = await count(t, 20)
    await succeeds(t, up(...vars({ redis_sentinel: true })))
    t.match(findings(), WELL)
    t.ok((await eventually('the app answers', () => countOf())) >= counted, 'the count goes on from where it was')
    await succeeds(t, up(...vars({ redis_sentinel: true })))
    t.strictSame(namesOf(changed()), [])
    // Each pod once at the least: one that is back must be known, and the one before it not be counted any more.
    for (let i = 1; i <= 4; i++) {
      const master = await wholeMaster()
      counted = await count(t, 20)
      // Replication is asynchronous: what the others have not got yet would be lost.
      await eventually('the replicas have all of it', () =>
        REDIS.every((pod) => redis(pod, 'get', 'counter') === String(counted)) ? true : undefined,
      )
      const uid = get(`pod ${master}`, '{.metadata.uid}')
      kubectl('--namespace', 'counter', 'delete', 'pod', master, '--grace-period=0', '--force', '--wait=false')
      await eventually(`another ${master}`, () => (get(`pod ${master}`, '{.metadata.uid}') === uid ? undefined : true))
      t.equal(await eventually('the app answers', () => countOf()), counted, `kill ${i}, of ${master}: nothing is lost`)
      t.not(await wholeMaster(), master, 'another one is master')
      counted = await count(t, 20)
    }
  },
)

await part('back to one Redis: what Sentinel needed is removed, the count is kept', async (t) => {
  await wholeMaster()
  const counted = await count(t, 20)
  await eventually('the replicas have all of it', () =>
    REDIS.every((pod) => redis(pod, 'get', 'counter') === String(counted)) ? true : undefined,
  )
  await succeeds(t, up())
  t.match(findings(), WELL)
  t.ok((await eventually('the app answers', () => countOf())) >= counted)
  for (const gone of [
    'deployment redis-proxy',
    'service redis-sentinel',
    'configmap redis-sentinel',
    'poddisruptionbudget redis',
  ])
    t.notOk(isThere(gone), gone)
})

/** The images that run, by digest: of a context, the playbook does not know them. */
const imageOf = (workload: string): string => get(workload, '{.spec.template.spec.containers[0].image}')
const onContext = (more: Record<string, unknown> = {}): string[] =>
  vars({
    kubecontext: CONTEXT,
    counter_image: imageOf('deployment counter'),
    redis_image: imageOf('statefulset redis'),
    ...more,
  })

await part('its context is put into the kubeconfig that others share, where that is asked for', async (t) => {
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
  await succeeds(t, up(...vars({ k3s_kubeconfig_merge: true })))
  t.strictSame(namesOf(changed()), ['node1: k3s: kubeconfig: Context for kubectl'])
  const text = readFileSync(here.kubeconfig, 'utf8')
  t.match(text, /^# the user's own\n/)
  t.match(parse(text), {
    contexts: [{ name: 'other' }, { name: CONTEXT }],
    clusters: [{ name: 'other' }, { name: CONTEXT }],
    'current-context': 'other',
  })
  await succeeds(t, up(...vars({ k3s_kubeconfig_merge: true })))
  t.strictSame(namesOf(changed()), [])
})

await part('an existing context in place of hosts: the same app there is in order', async (t) => {
  await succeeds(t, k3s('up', ...onContext()))
  t.strictSame(namesOf(changed()), [])
  t.match(findings(), WELL)
  await succeeds(t, k3s('experiments', ...onContext(), '--tags', 'k3s-pod-killed'))
  t.match(findings(), { 'k3s.pod-killed.replaced': true })
})

await part('an existing context: one more app, in a namespace of its own', async (t) => {
  const elsewhere = onContext({
    kubernetes_namespace: 'elsewhere',
    counter_port: 8090,
    counter_replicas: 2,
    ingress_host: 'elsewhere.internal',
  })
  await succeeds(t, k3s('up', ...elsewhere))
  t.match(findings(), WELL)
  await count(t, 20, doors(8090))
  await succeeds(t, k3s('up', ...elsewhere))
  t.strictSame(namesOf(changed()), [])
  kubectl('delete', 'namespace', 'elsewhere', '--request-timeout=0', '--timeout=300s')
})

const found = program('helm')
const helmFile = 'path' in found ? found.path : ''
await part(
  'the Helm chart, installed, changed and taken away again',
  async (t) => {
    const password = path.join(here.folder, 'redis-password')
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
    const counted = await count(t, 20, doors(8091))
    install(3)
    t.equal(get('deployment counter', '{.status.readyReplicas}', 'chart'), '3')
    t.equal(await eventually('the app answers', () => countOf(doors(8091))), counted)
    helm(helmFile, 'uninstall', 'counter', '--namespace', 'chart', '--wait')
    kubectl('delete', 'namespace', 'chart', '--request-timeout=0', '--timeout=300s')
  },
  'missing' in found ? found.missing : undefined,
)

await part('after all of it nothing is to be done, and with the cluster its context goes', async (t) => {
  await succeeds(t, up())
  t.strictSame(namesOf(changed()), [])
  await succeeds(t, k3s('reset'))
  t.match(parse(readFileSync(here.kubeconfig, 'utf8')), { contexts: [{ name: 'other' }], 'current-context': 'other' })
  t.notMatch(readFileSync(here.kubeconfig, 'utf8'), CONTEXT)
  await here.gone(t)
})
