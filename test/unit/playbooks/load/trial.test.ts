import t from 'tap'
import { inventoryTargets } from '../../../../playbooks/load/trial.ts'

t.test('inventoryTargets() rejects targets outside the inventory', async (t) => {
  const on = {
    groups: { all: ['node1', 'node2'] },
    hostvars: (name: string) => (name === 'node1' ? { ansible_host: '10.77.0.11' } : {}),
  }
  t.same(
    inventoryTargets(on, [
      { host: '10.77.0.11', port: 80 },
      { host: 'node2', port: 80 },
    ]).length,
    2,
  )
  t.throws(
    () =>
      inventoryTargets(on, [
        { host: '10.77.0.11', port: 80 },
        { host: 'example.org', port: 80 },
      ]),
    { message: /targets are not in the inventory: example\.org/ },
  )
  t.throws(
    () => inventoryTargets(on, [{ host: 'node1', port: 80 }]),
    { message: /node1/ },
    'a host with ansible_host is no target by its name',
  )
  t.throws(() => inventoryTargets(on, []), { message: /group swarm of the inventory has no host/ })
})
