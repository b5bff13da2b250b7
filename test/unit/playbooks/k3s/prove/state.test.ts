import { readFileSync } from 'node:fs'
import t from 'tap'
import { modelOfManifests } from '../../../../../playbooks/k3s/prove/derive.ts'
import { PodLives, stopVerdict } from '../../../../../playbooks/k3s/prove/experiments/update.ts'
import type { Manifest } from '../../../../../playbooks/k3s/prove/manifests.ts'
import type { Workload } from '../../../../../playbooks/k3s/prove/model.ts'
import {
  isSteadyWorkload,
  podsOf,
  readState,
  unsteady,
  type ClusterState,
} from '../../../../../playbooks/k3s/prove/state.ts'

/* On the output of a k3s 1.35. */

const recorded = (name: string): Manifest =>
  JSON.parse(readFileSync(`test/fixtures/k3s-1.35/${name}`, 'utf8')) as Manifest
const deployment = recorded('deploy.json')
const podsIn = (name: string): readonly Manifest[] => recorded(name).items as readonly Manifest[]
const output = (items: readonly Manifest[], time = 1_796_000_000): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 4)}\n${time}\n`
const stateWith = (...items: readonly Manifest[]): ClusterState => readState(output([...items, ...podsIn('pods.json')]))
const [counter] = modelOfManifests([deployment], 80).services as readonly [Workload]

const withStatus = (status: Manifest, spec: Manifest = {}): Manifest => ({
  ...deployment,
  spec: { ...(deployment.spec as Manifest), ...spec },
  status: { ...(deployment.status as Manifest), ...status },
})

t.test('a Deployment of a real cluster is steady', async (t) => {
  const state = stateWith(deployment)
  t.same(podsOf(state, counter).length, 4)
  t.ok(isSteadyWorkload(state, counter))
  t.same(unsteady(state, [counter]), [])
  t.equal(state.time, 1_796_000_000)
})

t.test('a Deployment is not steady while pods are missing, outdated, or not yet observed', async (t) => {
  for (const [name, changed] of [
    ['scaled', withStatus({}, { replicas: 5 })],
    ['outdated', withStatus({ updatedReplicas: 2 })],
    ['one too many', withStatus({ replicas: 5 })],
    ['not available', withStatus({ availableReplicas: 3 })],
    ['not observed', withStatus({ observedGeneration: 0 })],
  ] as const)
    t.notOk(isSteadyWorkload(stateWith(changed), counter), name)
  t.same(unsteady(stateWith(), [counter]), ['Deployment counter is not in the cluster'])
})

t.test('a pod that terminates is not steady, and its deadline is known', async (t) => {
  const [first, ...others] = podsIn('pods.json').filter(
    (pod) => (pod.metadata as { labels?: Record<string, string> }).labels?.['app.kubernetes.io/name'] === 'counter',
  ) as unknown as readonly [Manifest, ...Manifest[]]
  const going = (grace: number) => ({
    ...first,
    metadata: {
      ...(first.metadata as Manifest),
      deletionTimestamp: '2026-11-28T13:00:30Z',
      deletionGracePeriodSeconds: grace,
    },
  })
  const state = readState(output([deployment, going(20), ...others]))
  t.notOk(isSteadyWorkload(state, counter))
  t.match(unsteady(state, [counter]), [/^counter: 3 of 4 pods are ready: counter-\S+: Terminating$/])
  t.equal(podsOf(state, counter)[0]?.endsBy, Date.parse('2026-11-28T13:00:30Z') / 1000)
  const ended = readState(output([deployment, going(0), ...others]))
  t.equal(podsOf(ended, counter)[0]?.endsBy, undefined, 'it has ended, and the API has moved its deadline to the past')
})

t.test('a workload whose pods cannot start says why', async (t) => {
  const state = readState(
    output([withStatus({ availableReplicas: 0, updatedReplicas: 0 }), ...podsIn('pods-no-pause-image.json')]),
  )
  t.match(unsteady(state, [counter]), [/^counter: 0 of 4 pods are ready: counter-\S+: (ContainerCreating|Pending)$/])
})

t.test('other output has no workload', async (t) => {
  t.same(readState('The connection to the server was refused\n1796000000\n').workloads, [])
})

t.test('pods that outlive their grace period were killed', async (t) => {
  const exhibit = { id: 'e' } as Parameters<typeof stopVerdict>[2]
  const old = podsOf(stateWith(deployment), counter)
  const verdict = (killed: readonly string[], reached = true): boolean | null =>
    stopVerdict(counter, [{ reached, old, killed: new Set(killed) }], exhibit).holds
  t.equal(verdict([]), true)
  t.equal(verdict(['uid']), false)
  t.equal(verdict([], false), null, 'inconclusive if the update did not complete')
})

t.test('a pod is killed if it lives until its deadline', async (t) => {
  const killed = (...polls: readonly (readonly [time: number, isThere: boolean])[]): boolean => {
    const lives = new PodLives()
    for (const [time, isThere] of polls)
      lives.observe(isThere ? [{ uid: 'a', endsBy: time < 108 ? 110 : undefined }] : [], time)
    return lives.killed.has('a')
  }
  t.equal(killed([101, true], [105, true], [106, false]), false, 'it ended by itself')
  t.equal(killed([101, true], [109, true], [109, false]), false, 'in the last second')
  t.equal(killed([101, true], [110, true], [111, false]), true, 'it is there at the deadline')
  t.equal(killed([101, true], [109, true], [111, false]), true, 'it was gone between two polls around the deadline')
  t.equal(killed([101, true], [103, true], [112, false]), false, 'not known: no poll near the deadline')
})
