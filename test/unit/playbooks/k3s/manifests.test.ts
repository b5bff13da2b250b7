import { readFileSync } from 'node:fs'
import t from 'tap'
import { keyOf, nameOf, type KubeObject } from '../../../../src/modules/kubernetes/objects.ts'
import { faultsOf } from './schemas.ts'
import { program } from '../../../support/programs.ts'
import { fromChart, fromTemplates, named, podOf, VARIANTS } from './rendered.ts'

const byKey = (objects: readonly KubeObject[]): Record<string, KubeObject> =>
  Object.fromEntries(objects.map((object) => [keyOf(object), object]))

for (const variant of VARIANTS) {
  t.test(`manifests ${variant.name}: every object matches Kubernetes' schemas`, async (t) => {
    const objects = fromTemplates(variant)
    t.ok(objects.length >= 14, `${objects.length} objects`)
    for (const object of objects) t.same(faultsOf(object), [], nameOf(object))
  })

  t.test(`manifests ${variant.name}: every pod has minimal privileges, limits and a numeric user`, async (t) => {
    const objects = fromTemplates(variant)
    for (const object of objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')) {
      const pod = podOf(object)
      t.match(
        pod,
        {
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          enableServiceLinks: false,
          automountServiceAccountToken: false,
        },
        nameOf(object),
      )
      t.ok(
        Number.isInteger(pod.securityContext.runAsUser) && pod.securityContext.runAsUser > 0,
        `${nameOf(object)} has a numeric user`,
      )
      for (const container of pod.containers) {
        t.match(
          container.securityContext,
          { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          container.name,
        )
        t.match(
          container.resources,
          {
            limits: { cpu: String, memory: String },
            requests: { cpu: String, memory: String },
          },
          `${container.name} has limits and requests`,
        )
        t.ok(container.livenessProbe, `${container.name} has a liveness probe`)
      }
    }
  })
}

t.test('schemas detect misspelt fields and wrong types at any depth', async (t) => {
  const [first] = VARIANTS
  const spoil = (kind: string, name: string, change: (object: Record<string, never>) => void): string[] => {
    const object = structuredClone(named(fromTemplates(first as (typeof VARIANTS)[number]), kind, name))
    change(object as unknown as Record<string, never>)
    return faultsOf(object)
  }
  const at = (object: object, path: string): Record<string, unknown> =>
    path.split('.').reduce((value, key) => (value as Record<string, unknown>)[key] as object, object) as Record<
      string,
      unknown
    >
  t.same(
    spoil('Deployment', 'counter', (object) => {
      at(object, 'spec').replcas = 4
    }),
    ['/spec/replcas: there is no such field'],
  )
  t.same(
    spoil('Deployment', 'counter', (object) => {
      at(object, 'spec.template.spec.containers.0.readinessProbe').periodSecond = 2
    }),
    ['/spec/template/spec/containers/0/readinessProbe/periodSecond: there is no such field'],
  )
  t.match(
    spoil('Deployment', 'counter', (object) => {
      at(object, 'spec').replicas = 'four'
    }),
    [/^\/spec\/replicas: /],
  )
  t.match(
    spoil('Deployment', 'counter', (object) => {
      delete at(object, 'spec').selector
    }),
    [/selector/],
  )
  t.same(
    spoil('Service', 'counter', (object) => {
      at(object, 'spec.ports.0').targetport = 'http'
    }),
    ['/spec/ports/0/targetport: there is no such field'],
  )
  t.same(
    spoil('StatefulSet', 'redis', (object) => {
      at(object, 'spec.volumeClaimTemplates.0.spec').storageClas = 'x'
    }),
    ['/spec/volumeClaimTemplates/0/spec/storageClas: there is no such field'],
  )
  t.same(
    spoil('NetworkPolicy', 'counter', (object) => {
      at(object, 'spec.egress.0.to.0').podSelectr = {}
    }),
    ['/spec/egress/0/to/0/podSelectr: there is no such field'],
  )
  t.same(faultsOf({ apiVersion: 'apps/v1beta1', kind: 'Deployment' }), ['no schema for apps/v1beta1 Deployment'])
})

t.test('each probe of the app requests the right endpoint', async (t) => {
  const [counter] = podOf(
    named(fromTemplates(VARIANTS[0] as (typeof VARIANTS)[number]), 'Deployment', 'counter'),
  ).containers
  t.equal(
    counter?.startupProbe?.httpGet?.path,
    '/health/started',
    'the startup probe requests the endpoint that needs Redis',
  )
  t.equal(
    counter?.readinessProbe?.httpGet?.path,
    '/health',
    'the readiness probe requests the endpoint that needs Redis',
  )
  t.equal(counter?.livenessProbe?.httpGet?.path, '/health/started', 'the liveness probe does not depend on Redis')
})

t.test('with an autoscaler, the manifests set no replicas', async (t) => {
  const [plain, , scaled] = VARIANTS.map(fromTemplates)
  t.equal((named(plain ?? [], 'Deployment', 'counter').spec as { replicas?: number }).replicas, 4)
  t.equal((named(scaled ?? [], 'Deployment', 'counter').spec as { replicas?: number }).replicas, undefined)
  t.match(named(scaled ?? [], 'HorizontalPodAutoscaler', 'counter'), {
    apiVersion: 'autoscaling/v2',
    spec: {
      minReplicas: 2,
      maxReplicas: 6,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
  })
})

t.test('Redis has the settings of the image, and a password', async (t) => {
  const settings = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .sort()
  const { data } = named(fromTemplates(VARIANTS[0] as (typeof VARIANTS)[number]), 'ConfigMap', 'redis') as unknown as {
    data: Record<string, string>
  }
  t.same(
    settings(data['redis.conf'] ?? '').filter((line) => !line.startsWith('include ')),
    settings(readFileSync('app/images/redis.conf', 'utf8')),
  )
  t.match(data['redis.conf'], /^include \/run\/secrets\/redis\/auth\.conf$/m)
})

const helm = program('helm')
if ('missing' in helm) {
  t.test('the chart is equal to the manifests', { skip: helm.missing }, async () => undefined)
} else {
  for (const variant of VARIANTS) {
    t.test(`the chart ${variant.name} is equal to the manifests, object by object`, async (t) => {
      const [ours, chart] = [byKey(fromTemplates(variant)), byKey(fromChart(helm.path, variant))]
      t.same(Object.keys(chart).sort(), Object.keys(ours).sort(), 'the chart has the same objects as the manifests')
      for (const [key, object] of Object.entries(ours)) t.same(chart[key], object, key)
      for (const object of Object.values(chart))
        t.same(faultsOf(object), [], `${nameOf(object)} of the chart matches the schemas`)
    })
  }
  t.test('the chart reports missing values', async (t) => {
    t.throws(() => fromChart(helm.path, { name: '', vars: {}, values: ['redisPassword='] }), /give redisPassword/)
    t.throws(() => fromChart(helm.path, { name: '', vars: {}, values: ['counterImage='] }), /give counterImage/)
  })
}
