import { readFileSync } from 'node:fs'
import t from 'tap'
import { scaleChart, scaleCsv } from '../../../../playbooks/k3s/experiments/autoscale.ts'
import { isSteady, readyPods, podsPerNode } from '../../../../playbooks/k3s/experiments/support/cluster.ts'
import { rolloutProgress } from '../../../../playbooks/k3s/experiments/support/progress.ts'
import {
  toTask,
  isReady,
  isReadyNode,
  parseClusterNodes,
  parsePods,
  parseAutoscaler,
} from '../../../../playbooks/k3s/objects.ts'
import { placementBars } from '../../../../playbooks/methods/placement.ts'

const recorded = (name: string): string => readFileSync(`test/fixtures/k3s/${name}`, 'utf8')
const of135 = (name: string): string => readFileSync(`test/fixtures/k3s-1.35/${name}`, 'utf8')
type Json = Record<string, never>
/** The recorded pods, the first of them changed. */
function changed(change: (pod: { metadata: Json; status: Json }) => void): ReturnType<typeof parsePods> {
  const list = JSON.parse(recorded('pods.json')) as { items: { metadata: Json; status: Json }[] }
  change(list.items[0] as { metadata: Json; status: Json })
  return parsePods(JSON.stringify(list))
}
const set = (object: object, path: string, value: unknown): void => {
  const keys = path.split('.')
  const last = keys.pop() as string
  ;(keys.reduce((at, key) => (at as Record<string, unknown>)[key] as object, object) as Record<string, unknown>)[last] =
    value
}

t.test('recorded pods are parsed', async (t) => {
  const pods = parsePods(recorded('pods.json'))
  t.same(
    pods.map(({ name, node, ready, state, restarts }) => [name, node, ready, state, restarts]),
    [
      ['web-785fb676b6-r846n', 'n1', true, 'Running', 0],
      ['web-785fb676b6-tv85d', 'n2', true, 'Running', 0],
      ['web-785fb676b6-wrlvb', 'n2', true, 'Running', 0],
      ['web-785fb676b6-kqkjr', 'n1', true, 'Running', 0],
      ['pvcuser', 'n1', true, 'Running', 0],
    ],
  )
  t.ok(pods.every(isReady) && pods.every(({ created }) => created > Date.parse('2026-01-01')))
  t.same(parsePods('Error from server'), [])
})

t.test('pods of k3s 1.35 are parsed', async (t) => {
  const pods = parsePods(of135('pods.json'))
  t.equal(readyPods(pods).length, 4)
  t.match(
    pods.find(({ name }) => name === 'redis-0'),
    { ready: false, state: 'Running', node: 'node1' },
  )
  t.match(
    parsePods(of135('pods-no-pause-image.json')).map(({ app, ready, state }) => [app, ready, state]),
    [...Array<unknown>(4).fill(['counter', false, 'ContainerCreating']), ['redis', false, 'Pending']],
    'a pending pod may have no conditions',
  )
  t.equal(rolloutProgress(of135('deploy.json')), 'complete')
})

t.test('an unhealthy pod has a reason; a terminating pod does not serve', async (t) => {
  const waiting = changed(({ status }) => {
    set(status, 'containerStatuses.0.state', { waiting: { reason: 'ImagePullBackOff' } })
    set(status, 'conditions', [{ type: 'Ready', status: 'False' }])
  })
  t.match(waiting[0], { state: 'ImagePullBackOff', ready: false })
  t.match(toTask(waiting[0] as (typeof waiting)[number]), { state: 'failed' })
  const going = changed(({ metadata }) => {
    set(metadata, 'deletionTimestamp', '2026-11-21T03:45:00Z')
  })
  t.equal(isReady(going[0] as (typeof going)[number]), false)
  t.match(toTask(going[0] as (typeof going)[number]), { state: 'shutdown' })
  const again = changed(({ status }) => {
    set(status, 'containerStatuses.0.restartCount', 2)
  })
  t.match(toTask(again[0] as (typeof again)[number]).id, /#2$/)
})

t.test('serving pods are counted by node', async (t) => {
  const ours = parsePods(recorded('pods.json')).map((pod) =>
    pod.name.startsWith('web') ? { ...pod, app: 'counter' } : pod,
  )
  t.equal(readyPods(ours).length, 4)
  t.equal(readyPods(ours, ['n2']).length, 2)
  t.equal(podsPerNode(ours), 'n1 2, n2 2')
  t.equal(podsPerNode([]), 'none')
  t.ok(isSteady(ours, 4))
  t.notOk(isSteady(ours, 3), 'a surplus pod is not steady')
  t.notOk(
    isSteady(
      ours.map((pod, i) => ({ ...pod, going: i === 4 })),
      4,
    ),
    'a terminating pod is not steady',
  )
})

t.test('pods become bars of a timeline', async (t) => {
  const [pod] = parsePods(recorded('pods.json'))
  const at = (time: number, more: object) => ({
    at: time,
    tasks: [toTask({ ...(pod as NonNullable<typeof pod>), ...more })],
  })
  t.same(
    placementBars(
      [at(0, { ready: false, state: 'ContainerCreating' }), at(1, {}), at(2, { going: true }), at(3, { going: true })],
      4,
    ).map(({ lane, state, from, to }) => [lane, state, from, to]),
    [
      ['n1', 'starting', 0, 1],
      ['n1', 'running', 1, 2],
    ],
  )
})

t.test('recorded nodes are parsed', async (t) => {
  const nodes = parseClusterNodes(of135('nodes.json'))
  t.same(
    nodes.toSorted((a, b) => a.name.localeCompare(b.name)),
    [
      { name: 'node1', ready: true, schedulable: true },
      { name: 'node2', ready: true, schedulable: true },
      { name: 'node3', ready: true, schedulable: true },
    ],
  )
  t.ok(nodes.every(isReadyNode))
  const list = JSON.parse(of135('nodes.json')) as { items: object[] }
  set(list.items[0] as object, 'spec', { unschedulable: true })
  for (const node of list.items.slice(1)) set(node, 'status.conditions', [{ type: 'Ready', status: 'Unknown' }])
  t.same(parseClusterNodes(JSON.stringify(list)).filter(isReadyNode), [])
})

t.test('parseAutoscaler() reports missing metrics', async (t) => {
  t.match(parseAutoscaler(recorded('hpa.json')), {
    current: 4,
    desired: 0,
    cpu: undefined,
    trouble: /unable to get metrics for resource cpu/,
  })
  const working = JSON.parse(recorded('hpa.json')) as object
  set(working, 'status.currentMetrics', [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 93, averageValue: '93m' } } },
  ])
  set(working, 'status.conditions', [{ type: 'ScalingActive', status: 'True' }])
  set(working, 'status.desiredReplicas', 6)
  t.same(parseAutoscaler(JSON.stringify(working)), { current: 4, desired: 6, cpu: 93, trouble: undefined })
  t.equal(parseAutoscaler('no resources found'), undefined)
})

t.test('rolloutProgress() reports the progress of a rollout', async (t) => {
  const after = (path: string, value: unknown): string => {
    const deployment = JSON.parse(recorded('deploy.json')) as object
    set(deployment, path, value)
    return rolloutProgress(JSON.stringify(deployment))
  }
  t.equal(rolloutProgress(recorded('deploy.json')), 'complete')
  t.equal(after('metadata.generation', 2), 'in progress', 'an update that is not observed yet is no progress')
  t.equal(after('status.updatedReplicas', 3), 'in progress')
  t.equal(after('status.replicas', 5), 'in progress', 'an old pod is still running')
  t.equal(after('status.availableReplicas', 3), 'in progress')
  t.equal(
    after('status.conditions', [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }]),
    'failed',
  )
  t.equal(rolloutProgress(''), 'in progress')
})

t.test('an autoscaler has a chart and a table', async (t) => {
  const samples = [
    { at: 0, ready: 2, scaler: undefined },
    { at: 3, ready: 2, scaler: { current: 2, desired: 5, cpu: 140, trouble: undefined } },
  ]
  t.match(scaleChart(samples, [{ at: 1, label: 'load' }]), {
    kind: 'lines',
    series: [
      { points: [[3, 5]] },
      {
        points: [
          [0, 2],
          [3, 2],
        ],
      },
      { points: [[3, 14]] },
    ],
    marks: [{ axis: 'x', at: 1 }],
  })
  t.equal(scaleCsv(samples), 'at_s,current,desired,ready,cpu_percent\n0.0,,,2,\n3.0,2,5,2,140\n')
})
