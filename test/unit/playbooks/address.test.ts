import t from 'tap'
import { addressAmongNodes, doorTo } from '../../../playbooks/lab/address.ts'

const among = (vars: Record<string, unknown>): string => addressAmongNodes({ hostvars: () => vars }, 'node1')

t.test('nodes know each other by their address in the lab, or by what Swarm is to advertise', async (t) => {
  t.equal(among({}), 'node1')
  t.equal(among({ ansible_host: '10.77.0.11' }), '10.77.0.11')
  t.equal(among({ ansible_host: '127.0.0.1', lab_address: '10.77.0.11' }), '10.77.0.11')
  t.equal(
    among({ ansible_host: '127.0.0.1', lab_address: '10.77.0.11', swarm_advertise_addr: '192.0.2.7' }),
    '192.0.2.7',
  )
})

t.test('a port is looked for where it leads from', async (t) => {
  t.strictSame(
    doorTo({ ansible_host: '10.77.0.11', ansible_ssh_common_args: '-o BindAddress=10.77.0.1' }, 'node1', 8080),
    { host: '10.77.0.11', port: 8080, from: '10.77.0.1' },
  )
  t.strictSame(doorTo({ ansible_host: '127.0.0.1', lab_forwards: { 8080: 22_101 } }, 'node1', 8080), {
    host: '127.0.0.1',
    port: 22_101,
  })
  t.strictSame(doorTo({}, 'node1', 80), { host: 'node1', port: 80 })
  t.strictSame(
    doorTo({ slowdown: 10 }, 'node1', 80),
    { host: 'node1', port: 80, slowdown: 10 },
    'an answer from there is waited for',
  )
})
