import t from 'tap'
import { nodeAddress, endpointOf } from '../../../../playbooks/lab/address.ts'

const addressOf = (vars: Record<string, unknown>): string => nodeAddress({ hostvars: () => vars }, 'node1')

t.test('address among nodes is swarm_advertise_addr, lab_address or ansible_host', async (t) => {
  t.equal(addressOf({}), 'node1')
  t.equal(addressOf({ ansible_host: '10.77.0.11' }), '10.77.0.11')
  t.equal(addressOf({ ansible_host: '127.0.0.1', lab_address: '10.77.0.11' }), '10.77.0.11')
  t.equal(
    addressOf({ ansible_host: '127.0.0.1', lab_address: '10.77.0.11', swarm_advertise_addr: '192.0.2.7' }),
    '192.0.2.7',
  )
})

t.test('endpoint uses forwarded ports and the bind address', async (t) => {
  t.strictSame(
    endpointOf({ ansible_host: '10.77.0.11', ansible_ssh_common_args: '-o BindAddress=10.77.0.1' }, 'node1', 8080),
    { host: '10.77.0.11', port: 8080, from: '10.77.0.1' },
  )
  t.strictSame(endpointOf({ ansible_host: '127.0.0.1', lab_forwards: { 8080: 22_101 } }, 'node1', 8080), {
    host: '127.0.0.1',
    port: 22_101,
  })
  t.strictSame(endpointOf({}, 'node1', 80), { host: 'node1', port: 80 })
  t.strictSame(
    endpointOf({ slowdown: 10 }, 'node1', 80),
    { host: 'node1', port: 80, slowdown: 10 },
    'the timeout multiplier applies',
  )
})
