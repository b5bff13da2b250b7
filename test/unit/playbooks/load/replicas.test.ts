import t from 'tap'
import { parseContainers } from '../../../../playbooks/load/replicas.ts'

const ID = 'a'.repeat(64)

t.test('parseContainers() maps containers to tasks', async (t) => {
  t.same(
    parseContainers(`t1 counter_counter.2 node2 Running 5 minutes ago
t2 counter_gateway.qk3nodeid node1 Running 1 minute ago
t3 counter_redis.1 node1 Preparing 1 second ago

t1 ${ID}
t2 ${'b'.repeat(64)}
t3${' '}
`),
    [
      { id: ID, service: 'counter_counter', name: 'counter_counter.2' },
      { id: 'b'.repeat(64), service: 'counter_gateway', name: 'counter_gateway.node1' },
    ],
  )
})
