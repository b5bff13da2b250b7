import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readInventory, selectHosts } from '../../../src/inventory/index.ts'

const path = fileURLToPath(new URL('../../../inventory.yaml', import.meta.url))

t.test('the committed inventory describes the lab', async (t) => {
  const inventory = await readInventory(path)
  const nodes = ['node1', 'node2', 'node3']
  const expected: [string, string[]][] = [
    ['all', [...nodes, 'localhost']],
    ['nodes', nodes],
    ['docker', nodes],
    ['swarm', nodes],
    ['swarm_managers', ['node1']],
    ['swarm_workers', ['node2', 'node3']],
    ['registry', ['node1']],
    ['k3s_servers', ['node1']],
    ['k3s_agents', ['node2', 'node3']],
    ['controller', ['localhost']],
  ]
  for (const [group, hosts] of expected) t.same(selectHosts(inventory, group), hosts, group)
  t.same(inventory.hosts.get('localhost')?.vars, { ansible_connection: 'local' })
  t.same(
    nodes.map((node) => inventory.hosts.get(node)?.vars.ansible_host),
    ['10.77.0.11', '10.77.0.12', '10.77.0.13'],
  )
  const shared = { ansible_user: 'ops', ansible_become: true, lab_memory: String, lab_disk: String }
  for (const node of nodes) t.match(inventory.hosts.get(node)?.vars, shared, node)
})
