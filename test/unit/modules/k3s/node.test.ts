import { readFileSync } from 'node:fs'
import t from 'tap'
import { k3s_node } from '../../../../src/modules/k3s/node.ts'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/k3s-1.35/${name}`, import.meta.url), 'utf8')

t.test('k3s_node changes only its own labels and taints', async (t) => {
  const nodes = (
    JSON.parse(fixture('nodes.json')) as {
      items: {
        metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> }
        spec: object
      }[]
    }
  ).items
  const node = nodes.find(({ metadata }) => metadata.name === 'node2')
  t.ok(node)
  if (node === undefined) return
  const planFor = (params: object, of: object = node) => {
    const { changes, problem } = k3s_node.definition.plan(
      k3s_node.definition.schema.parse({ name: 'node2', ...params }),
      { stdout: JSON.stringify(of), stderr: '', exitCode: 0 },
      {},
      {},
    )
    return problem ?? changes.map(({ description }) => description)
  }
  t.strictSame(planFor({}), [], 'labels of other programs are kept')
  t.match(planFor({ labels: { zone: 'a' }, taints: ['only=db:NoSchedule'] }), [
    'label node2: zone=a',
    'taint node2: only=db:NoSchedule',
    /^record/,
  ])
  const ours = {
    metadata: {
      ...node.metadata,
      labels: { ...node.metadata.labels, zone: 'a' },
      annotations: { ...node.metadata.annotations, 'labbook.node/keys': 'only:NoSchedule zone' },
    },
    spec: { taints: [{ key: 'only', value: 'db', effect: 'NoSchedule' }] },
  }
  t.strictSame(planFor({ labels: { zone: 'a' }, taints: ['only=db:NoSchedule'] }, ours), [])
  t.match(planFor({ labels: { zone: 'b' }, taints: [] }, ours), [
    'label node2: zone=b',
    'remove taint only=db:NoSchedule from node2',
    /^record/,
  ])
  t.match(planFor({ labels: {}, taints: ['only=web:NoSchedule'] }, ours), [
    'taint node2: only=web:NoSchedule',
    'remove label zone from node2',
    /^record/,
  ])
})

t.test('k3s_node deletes a node and its password, of which k3s may have deleted either', async (t) => {
  const { changes } = k3s_node.definition.plan(
    k3s_node.definition.schema.parse({ name: 'node3', state: 'absent' }),
    { stdout: 'node/node3\nsecret/node3.node-password.k3s\n', stderr: '', exitCode: 0 },
    {},
    {},
  )
  t.match(changes, [
    { description: 'delete node node3', script: / delete node node3 --ignore-not-found / },
    { script: / delete secret node3\.node-password\.k3s --ignore-not-found / },
  ])
})
