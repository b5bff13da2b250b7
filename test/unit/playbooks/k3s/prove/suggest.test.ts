import { readFileSync } from 'node:fs'
import t from 'tap'
import { modelOfManifests } from '../../../../../playbooks/k3s/prove/derive.ts'
import { parseManifests } from '../../../../../playbooks/k3s/prove/manifests.ts'
import { changesFor } from '../../../../../playbooks/k3s/prove/suggest.ts'

const model = modelOfManifests(
  parseManifests(readFileSync('test/k3s/prove/shop.yaml', 'utf8'), 'shop.yaml').map(({ object }) => object),
  80,
)
const suggested = (
  finding: string,
  service: string,
  facts: Readonly<Record<string, string | number>> = {},
  holds: boolean | null = false,
): string[] => {
  const [kind = '', claim = ''] = finding.split('/')
  return changesFor([{ kind, claim, service, holds, detail: '', facts }], model).map(
    ({ object, path, value }) => `${object}: ${path}: ${value}`,
  )
}

t.test('each finding has the change that addresses it', async (t) => {
  const container = 'Deployment report: spec.template.spec.containers[report]'
  for (const [finding, facts, changes] of [
    ['settings/memory-limit', { containers: 'report' }, [`${container}.resources.limits.memory: 256Mi`]],
    ['settings/readiness', {}, [/\[report\]\.readinessProbe: \{httpGet/]],
    ['kill/available', {}, ['Deployment report: spec.replicas: 2']],
    ['hang/replaced', {}, [/\[report\]\.livenessProbe: \{httpGet/]],
    ['update/requests', {}, [/spec\.strategy: \{type: RollingUpdate, .*maxUnavailable: 0/]],
    ['broken-update/requests', {}, [/spec\.strategy: \{type: RollingUpdate/]],
    ['update/stops', { grace: 10 }, ['Deployment report: spec.template.spec.terminationGracePeriodSeconds: 40']],
    ['power-cut/moves', {}, [/tolerations: \{key: node\.kubernetes\.io\/unreachable, .*tolerationSeconds: 30\}/]],
  ] as const)
    t.match(suggested(finding, 'report', facts), changes, finding)
})

t.test('what a workload has is not suggested', async (t) => {
  t.same(suggested('power-cut/moves', 'web'), [], 'its toleration is short')
  t.same(suggested('kill/available', 'web'), [], 'it has three replicas')
  t.same(suggested('hang/replaced', 'web'), [], 'it has a liveness probe')
  t.match(suggested('update/requests', 'web'), [/lifecycle\.preStop/], 'it starts pods first')
})

t.test('a workload whose only pod was on the lost node gets a second one', async (t) => {
  t.same(suggested('drain/available', 'stack', { alone: 'report,web' }), ['Deployment report: spec.replicas: 2'])
})

t.test('findings that hold, or are inconclusive, need no change', async (t) => {
  t.same(suggested('kill/available', 'report', {}, true), [])
  t.same(suggested('kill/available', 'report', {}, null), [])
})
