import t from 'tap'
import { secretNameFor } from '../../../../playbooks/redis/password.ts'
import { redisNodes, redisSettings, deployedRedisSettings } from '../../../../playbooks/redis/settings.ts'
import { TOPOLOGIES } from '../../../../playbooks/redis/vars.ts'

t.test('defaults of redisSettings() are one server, and confirmed writes with sentinel and cluster', async (t) => {
  t.same(redisSettings({}), {
    redis_topology: 'single',
    redis_wait_replicas: 0,
    redis_wait_ms: 500,
    redis_appendfsync: 'everysec',
    redis_min_replicas_to_write: 0,
  })
  t.match(redisSettings({ redis_topology: 'replicas' }), { redis_wait_replicas: 0, redis_min_replicas_to_write: 0 })
  for (const redis_topology of ['sentinel', 'cluster'])
    t.match(
      redisSettings({ redis_topology }),
      { redis_wait_replicas: 1, redis_min_replicas_to_write: 1 },
      redis_topology,
    )
})

t.test('errors of redisSettings() name the valid values', async (t) => {
  t.throws(() => redisSettings({ redis_topology: 'sentinels' }), {
    name: 'PlaybookError',
    message: 'redis_topology is "sentinels": it must be single, replicas, sentinel or cluster',
  })
  t.throws(() => redisSettings({ redis_appendfsync: 'no' }), {
    message: 'redis_appendfsync is "no": it must be everysec or always',
  })
  t.throws(() => redisSettings({ redis_wait_replicas: 1 }), {
    message:
      /^redis_wait_replicas is 1: it must be an integer from 0 to 0 \(0 replicas per master with redis_topology single\)$/,
  })
  t.throws(() => redisSettings({ redis_topology: 'cluster', redis_min_replicas_to_write: 2 }), {
    message: /from 0 to 1/,
  })
  for (const wrong of ['', 'many', -1, 1.5, null, true]) {
    if (wrong !== null)
      t.throws(
        () => redisSettings({ redis_topology: 'sentinel', redis_wait_replicas: wrong }),
        { message: /an integer from 0 to 2/ },
        String(wrong),
      )
  }
  t.equal(
    redisSettings({ redis_topology: 'sentinel', redis_wait_replicas: '2' }).redis_wait_replicas,
    2,
    '-e passes strings',
  )
})

t.test('deployedRedisSettings() returns the variables of the previous deployment', async (t) => {
  for (const from of TOPOLOGIES)
    t.same(
      deployedRedisSettings(from, { redis_topology: 'single', redis_appendfsync: 'always' }),
      redisSettings({ redis_topology: from, redis_appendfsync: 'always' }),
      from,
    )
  t.match(deployedRedisSettings('sentinel', { redis_topology: 'cluster', redis_min_replicas_to_write: 0 }), {
    redis_topology: 'sentinel',
    redis_min_replicas_to_write: 0,
    redis_wait_replicas: 1,
  })
  t.match(
    deployedRedisSettings('cluster', {
      redis_topology: 'sentinel',
      redis_min_replicas_to_write: '2',
      redis_wait_replicas: 2,
    }),
    { redis_min_replicas_to_write: 1, redis_wait_replicas: 1 },
    'invalid values for this topology are dropped',
  )
})

const inventory = (nodes: Record<string, object>) => ({
  groups: { swarm: Object.keys(nodes) },
  hostvars: (name: string) => nodes[name] as Record<string, unknown>,
})
const labelled = { swarm_labels: { redis: 'true' } }

t.test('redisNodes() starts with the labelled node and rejects too few nodes', async (t) => {
  t.same(redisNodes(inventory({ a: {}, b: labelled, c: {}, d: {} }), 'sentinel'), ['b', 'a', 'c'])
  t.same(redisNodes(inventory({ a: labelled }), 'single'), ['a'])
  t.throws(() => redisNodes(inventory({ a: {} }), 'single'), { message: /no node of group swarm has the label redis/ })
  for (const topology of ['replicas', 'sentinel', 'cluster'] as const) {
    t.throws(
      () => redisNodes(inventory({ a: labelled, b: {} }), topology),
      { message: /needs 3 nodes in group swarm.+the inventory has 2$/ },
      topology,
    )
  }
  t.throws(() => redisNodes(inventory({ a: labelled, b: labelled, c: {} }), 'cluster'), {
    message: /a, b all have the label redis/,
  })
})

t.test('secret name differs by password and does not reveal it', async (t) => {
  t.equal(secretNameFor('one password'), secretNameFor('one password'))
  t.not(secretNameFor('one password'), secretNameFor('another'))
  t.match(secretNameFor('x'), /^counter_redis_password_[0-9a-f]{12}$/)
})
