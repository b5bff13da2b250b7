import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  ownerOf,
  readClusterNodes,
  readInfo,
  readPairs,
  readReplication,
  redisProcesses,
  slotCount,
  slotOf,
  SLOTS,
} from '../../../../playbooks/redis/experiments/support/replies.ts'

/**
 * Recorded from redis-server 7.0.15 on loopback: a master with two replicas and three Sentinels, and a cluster of six.
 */
const recorded = (name: string): string => readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8')

t.test('readReplication parses a master and a replica', async (t) => {
  t.same(readReplication(recorded('info-master')), {
    role: 'master',
    offset: 2481,
    replicas: [
      { address: '127.0.0.1', port: 17002, online: true, offset: 2055 },
      { address: '127.0.0.1', port: 17003, online: true, offset: 2055 },
    ],
  })
  t.same(readReplication(recorded('info-replica')), {
    role: 'replica',
    offset: 2481,
    replicas: [],
    master: { address: '127.0.0.1', port: 17001, up: true },
  })
})

t.test('readReplication parses a replica without its master, and both after the failover', async (t) => {
  t.equal(readReplication(recorded('info-replica-down')).master?.up, false)
  const roles = ['info-after-2', 'info-after-3'].map((name) => readReplication(recorded(name)).role)
  t.same([...roles].sort(), ['master', 'replica'])
})

t.test('readReplication rejects other text', async (t) => {
  for (const text of ['', 'NOAUTH Authentication required.', recorded('info-memory')])
    t.throws(() => readReplication(text), /not the output of INFO replication/, text.slice(0, 40))
})

t.test('readInfo accepts values with colons, and CRLF', async (t) => {
  t.same(readInfo('# Server\r\nredis_version:7.0.15\r\nexecutable:/a:b\r\n\r\n'), {
    redis_version: '7.0.15',
    executable: '/a:b',
  })
  t.ok(Number(readInfo(recorded('info-memory')).used_memory_rss) > 1_000_000)
})

t.test('readPairs parses SENTINEL MASTER as a list and as redis-cli output', async (t) => {
  const text = recorded('sentinel-master')
  t.match(readPairs(text), {
    name: 'counter',
    port: '17001',
    flags: 'master',
    quorum: '2',
    'num-slaves': '2',
    'num-other-sentinels': '2',
  })
  t.same(readPairs(text.trimEnd().split('\n')), readPairs(text))
  t.match(readPairs(recorded('sentinel-master-down')).flags, /disconnected/)
})

t.test('readClusterNodes parses masters, replicas and slots', async (t) => {
  const nodes = readClusterNodes(recorded('cluster-nodes'))
  t.equal(nodes.length, 6)
  t.equal(
    nodes.reduce((sum, node) => sum + slotCount(node), 0),
    SLOTS,
  )
  const masters = new Set(nodes.filter(({ role }) => role === 'master').map(({ id }) => id))
  t.equal(masters.size, 3)
  t.ok(nodes.filter(({ role }) => role === 'replica').every(({ of }) => of !== undefined && masters.has(of)))
  t.equal(ownerOf(nodes, slotOf('counter'))?.port, 17202)
})

t.test('ownerOf ignores a suspected master failure (pfail) and follows the failover after it', async (t) => {
  const suspected = readClusterNodes(recorded('cluster-nodes-pfail'))
  const after = readClusterNodes(recorded('cluster-nodes-after'))
  t.match(recorded('cluster-nodes-pfail'), /fail\?/, 'the recording shows pfail')
  t.equal(ownerOf(suspected, 0)?.port, 17201)
  t.equal(suspected.filter(({ failed }) => failed).length, 0, '"fail?" is not "fail"')
  const promoted = ownerOf(after, 0)
  t.ok(promoted !== undefined && promoted.port !== 17201)
  t.match(
    after.find(({ port }) => port === 17201),
    { failed: true },
  )
})

t.test('readClusterNodes parses single, migrating and missing slots, IPv6 and host names', async (t) => {
  const [one, two] = readClusterNodes(
    [
      'a1 fe80::1:6379@16379,redis-cluster-1 myself,master - 0 0 1 connected 0-5 7 [8->-b2] 9-10',
      'b2 :0@0 slave,noaddr a1 0 0 1 disconnected',
    ].join('\n'),
  )
  t.match(one, {
    address: 'fe80::1',
    port: 6379,
    slots: [
      [0, 5],
      [7, 7],
      [9, 10],
    ],
  })
  t.equal(one && slotCount(one), 9)
  t.match(two, { address: '', port: 0, role: 'replica', of: 'a1', slots: [] })
  t.equal(ownerOf([], 1), undefined)
})

t.test('slotOf matches CLUSTER KEYSLOT', async (t) => {
  t.equal(slotOf('counter'), Number(recorded('keyslot')))
  t.equal(slotOf('123456789'), 0x31_c3, 'check value of CRC-16/XMODEM')
  t.equal(slotOf('{user}.a'), slotOf('user'))
  t.not(slotOf('{}a'), slotOf(''), 'an empty hash tag is ignored')
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ minLength: 1 }).filter((tag) => !/[{}]/.test(tag)),
      (after, tag) => {
        const slot = slotOf(`{${tag}}${after}`)
        return slot === slotOf(tag) && slot >= 0 && slot < SLOTS
      },
    ),
  )
})

t.test('redisProcesses includes only Redis and Sentinel processes', async (t) => {
  t.same(
    redisProcesses(
      [
        'PID                 RSS                 COMMAND',
        '1800                12780               redis-server',
        '1907                900                 redis.sh',
        '431488              1552                sleep',
        'PID                 RSS                 COMMAND',
        '112258              29792               gunicorn',
        'PID                 RSS                 COMMAND',
        '2001                8000                redis-sentinel',
      ].join('\n'),
    ),
    [12_780 * 1024, 8000 * 1024],
  )
  t.same(redisProcesses(''), [])
})
