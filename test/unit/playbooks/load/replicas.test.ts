import t from 'tap'
import { allRun, parseContainers } from '../../../../playbooks/load/replicas.ts'

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

t.test('allRun() waits for replicas with the requested CPU limit', async (t) => {
  const task = (slot: number, state = 'Running 3 seconds ago'): string =>
    `id${slot} counter_counter.${slot} node1 ${state}`
  const seen = (tasks: readonly string[], ...limits: number[]): string =>
    `${[...tasks, 'idr counter_redis.1 node1 Running 1 hour ago'].join('\n')}\n\n${limits.join('\n')}\n`
  t.ok(allRun(seen([task(1), task(2)], 120_000_000, 120_000_000), 2, 0.12))
  t.notOk(allRun(seen([task(1), task(2)], 120_000_000, 500_000_000), 2, 0.12), 'one has its limit from before')
  t.notOk(allRun(seen([task(1), task(1, 'Starting 1 second ago')], 500_000_000, 120_000_000), 1, 0.12))
  t.notOk(allRun(seen([task(1)], 120_000_000), 2, 0.12))
})
