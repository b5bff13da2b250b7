import { readFileSync } from 'node:fs'
import t from 'tap'
import { messageText } from 'labbook'
import { modelOfManifests } from '../../../../../playbooks/k3s/prove/derive.ts'
import { workloadsOf } from '../../../../../playbooks/k3s/prove/kinds.ts'
import { type Manifest, parseManifests } from '../../../../../playbooks/k3s/prove/manifests.ts'
import type { KubernetesModel } from '../../../../../playbooks/k3s/prove/model.ts'
import { modelTables } from '../../../../../playbooks/k3s/prove/preview.ts'
import { fromTemplates } from '../rendered.ts'

const SHOP = readFileSync('test/k3s/prove/shop.yaml', 'utf8')

const renderedObjects = (vars: Record<string, string> = {}): Manifest[] =>
  fromTemplates({ name: '', vars, values: [] }) as unknown as Manifest[]

const modelOf = (text: string): KubernetesModel =>
  modelOfManifests(
    parseManifests(text, 'shop.yaml').map(({ object }) => object),
    80,
  )

t.test('entry points, roles and dependencies are derived from manifests', async (t) => {
  t.same(messageText(modelTables(modelOf(SHOP))).split('\n'), [
    'WORKLOAD  KIND        ROLE       BECAUSE OF              USES',
    'web       Deployment  stateless  Deployment, 3 replicas  api',
    'api       Deployment  stateless  Deployment, 2 replicas  -',
    'report    Deployment  stateless  Deployment, 1 replica   -',
    '',
    'ENTRY POINT       WORKLOAD  ON          PROBE                           BECAUSE OF',
    '30080             web       every node  GET /health (status below 500)  path of the readiness probe',
    '8086              report    every node  GET /report (status 200)        annotation labbook/probe',
    'shop.internal:80  web       every node  GET / (status below 500)        Ingress web',
  ])
})

t.test("the Counter app's manifests", async (t) => {
  const model = modelOfManifests(renderedObjects(), 80)
  t.equal(model.namespace, 'counter')
  t.same(
    model.services.map(({ name, role, roleReason, dependencies }) => [
      name,
      role,
      messageText(roleReason),
      dependencies,
    ]),
    [
      ['redis', 'stateful', 'StatefulSet', []],
      ['counter', 'stateless', 'Deployment, 4 replicas', ['redis']],
    ],
  )
  t.match(model.entryPoints, [
    { service: 'counter', port: 8080, mode: 'ingress', reason: { id: 'path of the readiness probe' } },
    { service: 'counter', port: 80, host: 'counter.internal' },
  ])
  const [redis, counter] = model.services
  t.match(redis, { hasMemoryLimit: true, isPinned: false, stopsFirst: true })
  t.match(counter, { evictedAfter: 30, grace: 30, stopsFirst: false, autoscaler: '' })
})

t.test('an autoscaler scales: its workload is not scaled', async (t) => {
  const model = modelOfManifests(renderedObjects({ counter_autoscale: 'true' }), 80)
  t.same(workloadsOf('scale', model), [])
  t.same(
    workloadsOf('kill', model).map(({ name }) => name),
    ['counter'],
    'a stateful workload is not disturbed unless it is named',
  )
  t.same(
    workloadsOf('kill', model, ['redis']).map(({ name }) => name),
    ['redis'],
  )
})

const workload = (kind: string, spec: string, more = ''): string =>
  `{apiVersion: apps/v1, kind: ${kind}, metadata: {name: it${more}}, spec: {selector: {matchLabels: {app: it}}, template: {metadata: {labels: {app: it}}, spec: ${spec}}}}`

t.test('roles', async (t) => {
  const roleOf = (text: string): readonly (string | undefined)[] => {
    const [found] = modelOf(text).services
    return [found?.role, messageText(found?.roleReason ?? '')]
  }
  const image = '{name: a, image: shop/it}'
  for (const [name, text, role] of [
    ['DaemonSet', workload('DaemonSet', `{containers: [${image}]}`), ['global', 'DaemonSet']],
    ['Job', workload('Job', `{containers: [${image}]}`), ['one-shot', 'Job']],
    ['StatefulSet', workload('StatefulSet', `{containers: [${image}]}`), ['stateful', 'StatefulSet']],
    [
      'Deployment with a claim',
      workload(
        'Deployment',
        '{containers: [{name: a, image: shop/it, volumeMounts: [{name: v, mountPath: /data}]}], volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}',
      ),
      ['stateful', 'volume data'],
    ],
    [
      'image of a database',
      workload('Deployment', '{containers: [{name: a, image: postgres:16}]}'),
      ['stateful', 'image of a database'],
    ],
    [
      'annotation',
      workload('StatefulSet', `{containers: [${image}]}`, ', annotations: {labbook/role: stateless}'),
      ['stateless', 'annotation labbook/role'],
    ],
    [
      'emptyDir',
      workload(
        'Deployment',
        `{containers: [{name: a, image: shop/it, volumeMounts: [{name: v, mountPath: /tmp}]}], volumes: [{name: v, emptyDir: {}}]}`,
      ),
      ['stateless', 'Deployment, 1 replica'],
    ],
  ] as const)
    t.same(roleOf(text), role, name)
})

t.test('errors name what to correct', async (t) => {
  const ok = workload('Deployment', '{containers: [{name: a, image: shop/it}]}')
  for (const [text, message] of [
    ['{kind: Service, metadata: {name: a}}', /no Deployment, StatefulSet, DaemonSet or Job/],
    [`${ok}\n---\n${ok}`, /two workloads are named "it"/],
    [`${ok}\n---\n${ok.replace('name: it', 'name: other, namespace: b')}`, /2 namespaces \(default, b\)/],
    ['- just\n- text', /no "kind" or no "metadata.name"/],
    ['a: [', /shop.yaml: /],
    [
      workload(
        'Deployment',
        '{containers: [{name: a, image: shop/it}]}',
        ", annotations: {labbook/probe: '{gett: /}'}",
      ),
      /annotation labbook\/probe of Deployment "it": must be a probe such as \{get: \/health\}/,
    ],
    [
      workload(
        'Deployment',
        '{containers: [{name: a, image: shop/it}]}',
        ", annotations: {labbook/depends-on: '[nothing]'}",
      ),
      /annotation labbook\/depends-on of Deployment "it": the manifests have no workload "nothing"/,
    ],
  ] as const)
    t.throws(() => modelOf(text), { message }, text.slice(0, 40))
})

t.test('an update stops pods first where maxUnavailable allows it', async (t) => {
  const stops = (spec: string): boolean | undefined =>
    modelOf(
      `{apiVersion: apps/v1, kind: Deployment, metadata: {name: it}, spec: {${spec}selector: {matchLabels: {app: it}}, template: {metadata: {labels: {app: it}}, spec: {containers: []}}}}`,
    ).services[0]?.stopsFirst
  t.equal(stops(''), false, '25 % of one pod is none')
  t.equal(stops('replicas: 4, '), true, '25 % of four pods is one')
  t.equal(stops('replicas: 4, strategy: {rollingUpdate: {maxUnavailable: 0}}, '), false)
  t.equal(stops('strategy: {type: Recreate}, '), true)
})
