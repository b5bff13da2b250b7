import { readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import { k8s } from '../../../../src/modules/kubernetes/k8s.ts'
import { config, deployment, DIFF } from './objects.ts'

const { definition } = k8s

type Input = z.input<typeof definition.schema>

const parse = (params: Input) => definition.schema.parse(params)

const plan = (params: Input, stdout: string, { stderr = '', exitCode = 0 } = {}) =>
  definition.plan(parse(params), { stdout, stderr, exitCode }, {}, {})

const descriptions = (...args: Parameters<typeof plan>): string[] =>
  plan(...args).changes.map(({ description }) => description)

const there = (more = ''): string => `lb:namespace counter\n${more}`

t.test('k8s changes only objects that differ', async (t) => {
  t.same(plan({ definition: config({ a: 'b' }) }, there()), {
    changes: [],
    values: { objects: [{ kind: 'ConfigMap', name: 'counter', namespace: 'counter' }] },
  })
  const [change] = plan({ definition: [config({}), config({}, 'other')] }, there(DIFF)).changes
  t.match(change, {
    description: 'update ConfigMap counter/counter',
    diff: { subject: 'ConfigMap counter/counter', before: /INFO/, after: /DEBUG/ },
  })
  t.match(change?.script, /apply --server-side --field-manager labbook\s+-f -/)
  t.notMatch(change?.script, /force/)
  t.same(descriptions({ definition: config({}, 'new.one') }, there(DIFF)), ['create ConfigMap counter/new.one'])
})

t.test('k8s creates all objects of a missing namespace', async (t) => {
  const made = plan(
    {
      definition: [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } },
        { ...config({ a: 'b' }), metadata: { name: 'x', namespace: 'fresh' } },
      ],
    },
    'lb:namespace \n',
  )
  t.same(
    made.changes.map(({ description, diff }) => [description, diff?.before]),
    [['create ConfigMap fresh/x', '']],
  )
})

t.test('conflicts of k8s name the managers, their fields and the remedy', async (t) => {
  const said = (name: string): string =>
    readFileSync(`test/fixtures/kubectl/${name}`, 'utf8')
      .split('\n')
      .map((line) => `lb:said ${line}`)
      .join('\n')
  const { problem } = plan(
    { definition: deployment, server_side_apply: { field_manager: 'ours' } },
    there(`lb:refused 0\n${said('conflict-scale.txt')}\n`),
  )
  t.match(
    problem,
    /^Deployment counter\/web: conflict: "kubectl" owns \.spec\.replicas\. .*force_conflicts: true.*"ours"/,
  )
  t.match(
    plan({ definition: [deployment, config({})] }, there(`lb:refused 0\n${said('conflicts.txt')}\n`)).problem,
    /^ConfigMap counter\/counter: conflict: "kubectl-label" owns .*; "somebody" owns \.data\.LOG_LEVEL, \.data\.REDIS_HOST/,
    'the first conflict in the order of application is reported',
  )
  t.match(
    plan(
      { definition: deployment },
      there(
        'lb:refused 0\nlb:said Error from server: failed to create typed patch object: .spec.replcas: field not declared in schema\n',
      ),
    ).problem,
    'Deployment counter/web: failed to create typed patch object: .spec.replcas: field not declared in schema',
  )
})

t.test('k8s reports a failed query with a remedy', async (t) => {
  t.match(plan({ definition: deployment }, '', { exitCode: 94 }).problem, /neither kubectl nor k3s/)
  t.match(
    plan({ definition: deployment }, '', {
      exitCode: 95,
      stderr:
        'E1121 10:00 x] noise\nThe connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n',
    }).problem,
    /does not respond: The connection .*6443 was refused/,
  )
  t.match(plan({ definition: 'kind: X\n' }, '').problem, 'definition: an object has no apiVersion')
  t.match(plan({ definition: [] }, '').problem, /contain no objects/)
  const latin1 = { 'a.yaml': Buffer.from('kind: caf\xe9\n', 'latin1') }
  t.equal(
    definition.plan(parse({ src: ['a.yaml'] }), { stdout: '', stderr: '', exitCode: 0 }, latin1, {}).problem,
    'a.yaml: not UTF-8: convert the file',
  )
  t.throws(() => parse({}), /set template, src or definition/)
  t.throws(() => parse({ definition: deployment, prune: true }), /label_selectors/)
  t.throws(() => parse({ definition: deployment, apply: false } as never), /always applied/)
})

t.test('k8s with prune deletes labelled objects that are not in the manifests', async (t) => {
  const params: Input = { definition: config({}), prune: true, label_selectors: ['app.kubernetes.io/part-of=counter'] }
  const found = there(
    'lb:there v1 ConfigMap counter counter\nlb:there v1 ConfigMap counter old\nlb:there autoscaling/v1 HorizontalPodAutoscaler counter web\n',
  )
  t.same(descriptions(params, found), [
    'prune HorizontalPodAutoscaler counter/web: not in the manifests',
    'prune ConfigMap counter/old: not in the manifests',
  ])
  const labelled = {
    ...deployment,
    metadata: { ...deployment.metadata, labels: { 'app.kubernetes.io/part-of': 'counter' } },
  }
  t.same(
    descriptions(
      { ...params, definition: [config({}), labelled], wait: true },
      found.replace('counter web', 'fresh web').replace('lb:namespace counter', 'lb:namespace fresh'),
    ).map((line) => line.split(' ')[0]),
    ['prune', 'create', 'create', 'wait', 'prune'],
    'an autoscaler is pruned before replicas are set, other objects after the rollout',
  )
  t.match(plan({ ...params, label_selectors: ['a=b'] }, there()).problem, /lacks the label a=b/)
  t.notMatch(definition.schema.parse(params).prune_kinds, /PersistentVolumeClaim|Namespace/)
})

t.test('k8s with wait waits for objects that differ and for incomplete rollouts', async (t) => {
  const params: Input = { definition: deployment, wait: true, wait_timeout: 9 }
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|4|4\n')), [])
  t.same(descriptions(params, there('lb:rollout 0 1|1|4|4|4|2|2\n')), [
    'wait for rollout of Deployment counter/web (2 of 4 pods available)',
  ])
  t.same(descriptions(params, 'lb:namespace \n'), [
    'create Deployment counter/web',
    'wait for rollout of Deployment counter/web',
  ])
  t.same(
    descriptions({ ...params, definition: [config({}), deployment] }, there(`${DIFF}lb:rollout 1 1|1|4|4|4|4|4\n`)),
    ['update ConfigMap counter/counter', 'wait for rollout of Deployment counter/web'],
    'a change of another object may restart the pods of a complete rollout',
  )
  const both = {
    ...params,
    definition: [deployment, { ...deployment, metadata: { name: 'db', namespace: 'counter' } }],
  }
  t.match(
    plan(both, there('lb:rollout 0 1|1|4|4|4|2|2\n')).changes[0]?.script,
    /deployment\.apps\/db /,
    'a rollout that fails also explains the other workloads, on which it may depend',
  )
  t.same(descriptions({ definition: deployment }, there('')), [], 'k8s without wait waits for no rollout')
})

t.test('k8s declares that a pod with a host directory may set anything', async (t) => {
  const pod = (volumes: object[]): Record<string, unknown> => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { volumes },
  })
  const sets = (object: Record<string, unknown>) =>
    plan({ definition: object, namespace: 'missing' }, '').changes[0]?.sets
  t.same(sets(pod([])), ['kubernetes:objects'])
  t.equal(sets(pod([{ hostPath: { path: '/etc' } }])), undefined)
})
