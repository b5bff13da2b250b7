import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { freePorts, PASSWORD, Processes, programFolder, quickFolder, until } from './support.ts'

/* Runs the images' scripts with real Redis processes on loopback, in the shells of both image variants. */

const names = (ports: readonly number[]): string => ports.map((port) => `127.0.0.1:${port}`).join(' ')

for (const shell of [['dash']]) {
  t.test(`${shell.join(' ')}: Sentinel servers elect the newest data after all were killed at once`, async (t) => {
    const ports = await freePorts(6)
    const [servers, sentinels] = [ports.slice(0, 3), ports.slice(3)]
    // A master on a loaded machine must not be marked down. The servers wait half of REDIS_PATIENCE_SECONDS (polls of
    // 0.3 s) for the Sentinels to replace a master; Sentinels that have not agreed retry only after a minute.
    const all = new Processes(
      shell,
      quickFolder((remove) => {
        t.teardown(remove)
      }),
      {
        REDIS_PEERS: names(servers),
        REDIS_SENTINELS: names(sentinels),
        REDIS_MIN_REPLICAS_TO_WRITE: '1',
        REDIS_DOWN_AFTER_MS: '5000',
        REDIS_PATIENCE_SECONDS: '30',
      },
    )
    const impatient = { REDIS_PATIENCE_SECONDS: '8' }
    t.teardown(() => all.killAll())
    const startAll = (): void => {
      for (const port of servers) all.start(port, 'managed')
      for (const port of sentinels) all.start(port, 'sentinel')
    }
    const master = (): number => servers.find((port) => all.role(port) === 'master') ?? 0
    startAll()
    t.match(all.admin(['wait', 'sentinel']), { code: 0, err: '' }, 'servers and Sentinels form a group')
    const first = master()
    for (const port of servers) await until(`${port} is healthy`, () => all.health(port, 'managed') === 0)
    for (const port of sentinels) await until(`${port} is healthy`, () => all.health(port, 'sentinel') === 0)
    t.not(all.health(first, 'replica'), 0, 'another role than the expected one is unhealthy')
    t.equal(all.redis(first, 'set', 'counter', '7'), 'OK')
    await until('a term has begun', () => all.redis(first, 'hget', 'labbook:life', 'term') !== '')
    await until('all servers have the count', () => servers.every((port) => all.redis(port, 'get', 'counter') === '7'))

    await all.kill(first)
    await until('another server is master', () => master() !== 0)
    const second = master()
    await until('the new master accepts writes', () => all.redis(second, 'incr', 'counter') === '8')
    await until('the new term has begun', () => Number(all.redis(master(), 'hget', 'labbook:life', 'term')) > 1)
    await until('both remaining servers have the new term', () =>
      servers.every((port) => port === first || Number(all.redis(port, 'hget', 'labbook:life', 'term')) > 1),
    )
    t.match(
      all.admin(['look', 'sentinel']).out,
      /the master \(.+\) has 1 of 2 replicas|is not in step/,
      'the health check reports the missing replica',
    )

    // The first master has older data and must not be elected again.
    await all.killAll()
    startAll()
    t.match(all.admin(['wait', 'sentinel']), { code: 0, err: '' }, 'the group forms again')
    for (const port of servers) t.equal(all.redis(port, 'get', 'counter'), '8', `${port} has the newest data`)

    // A switch stops the Sentinels first, as they would override its choice.
    for (const port of sentinels) await all.kill(port)
    t.match(all.admin(['promote', `127.0.0.1:${first}`]), { code: 0, err: '' })
    t.equal(master(), first, 'promote makes the server master')
    await until('the other servers replicate from it', () => all.admin(['look', 'replicas']).out === '')

    // One server stays down: the majority continues without it.
    await all.killAll()
    for (const port of servers) if (port !== first) all.start(port, 'managed', impatient)
    await until('two of three servers elect a master', () => master() !== 0)
    await until('the master has the count', () => all.redis(master(), 'get', 'counter') === '8')
    await all.killAll()
    all.start(first, 'managed', impatient)
    await new Promise((resolve) => setTimeout(resolve, 5000))
    t.equal(all.role(first), 'slave', 'one of three servers elects no master')
  })
}

/** Port of a replica's master. */
const masterPortOf = (all: Processes, port: number): number =>
  Number(/^master_port:(\d+)/m.exec(all.redis(port, 'info', 'replication'))?.[1])

// One shell per test, as each test takes long.
for (const shell of [['busybox', 'sh']]) {
  t.test(`${shell.join(' ')}: cluster is created, repaired, and copies data in both directions`, async (t) => {
    const ports = await freePorts(7)
    const [nodes, server] = [ports.slice(0, 6), ports[6] as number]
    const all = new Processes(
      shell,
      quickFolder((remove) => {
        t.teardown(remove)
      }),
      { REDIS_PEERS: names(nodes), REDIS_NODES: names(nodes) },
    )
    t.teardown(() => all.killAll())
    const environment = { REDIS_PEERS: names([server]) }
    all.start(server, 'server')
    for (const port of nodes) all.start(port, 'cluster')
    await until('all servers answer', () => ports.every((port) => all.redis(port, 'ping') === 'PONG'))
    t.not(all.admin(['form', '--check']).out, '', 'no cluster yet')
    t.match(all.admin(['form']), { code: 0, err: '' })
    t.same(all.admin(['form', '--check']), { code: 0, out: '', err: '' }, 'form is idempotent')
    t.same(
      nodes.map((port) => all.role(port)),
      ['master', 'master', 'master', 'slave', 'slave', 'slave'],
    )

    const [one = 0, two = 0, , four = 0] = nodes
    all.redis(one, '-c', 'set', 'stale', 'of another time')
    const key = 'with "quotes", blanks and \\'
    all.redis(server, 'set', 'counter', '4711')
    all.redis(server, 'set', key, 'x')
    all.redis(server, 'rpush', 'list', 'a', 'b')
    all.redis(server, 'set', 'short', 'x', 'EX', '1000')
    t.match(all.admin(['copy', 'server', 'cluster'], environment), { code: 0, err: '' })
    t.equal(all.redis(one, '-c', 'get', 'counter'), '4711')
    t.equal(all.redis(two, '-c', 'get', key), 'x')
    t.equal(all.redis(two, '-c', 'lrange', 'list', '0', '-1'), 'a\nb')
    t.ok(Number(all.redis(two, '-c', 'ttl', 'short')) > 900)
    t.equal(all.redis(two, '-c', 'exists', 'stale'), '0', 'earlier data is removed')
    t.equal(all.redis(server, 'get', 'counter'), '4711', 'the source keeps its data')

    // A node with an empty volume: its replica was promoted; it joins as a replica and becomes master again.
    await all.kill(two)
    all.forget(two)
    await until('its replica is promoted', () => all.role(four) === 'master')
    all.start(two, 'cluster')
    await until('the node answers', () => all.redis(two, 'ping') === 'PONG')
    t.match(all.admin(['form']), { code: 0, err: '' })
    t.same(all.admin(['form', '--check']), { code: 0, out: '', err: '' })
    t.equal(all.role(two), 'master', 'no two masters on one node')

    all.redis(one, '-c', 'incr', 'counter')
    t.match(all.admin(['copy', 'cluster', 'server'], environment), { code: 0, err: '' })
    t.equal(all.redis(server, 'get', 'counter'), '4712')

    await all.killAll()
    for (const port of nodes) all.start(port, 'cluster')
    t.match(all.admin(['wait', 'cluster']), { code: 0, err: '' }, 'the cluster recovers after all nodes were killed')
    t.equal(all.redis(one, '-c', 'get', 'counter'), '4712')

    // Containers that all restart may get each other's addresses.
    const [, , three = 0, , five = 0, six = 0] = nodes
    for (let time = 1; time <= 3; time++) {
      await all.killAll()
      for (const rotation of [
        [one, two, three],
        [six, four, five],
      ])
        all.moveOn(rotation)
      for (const port of nodes) all.start(port, 'cluster')
      t.match(
        all.admin(['wait', 'cluster']),
        { code: 0, err: '' },
        `the cluster recovers with swapped addresses: ${time}`,
      )
      t.same(
        [four, five, six].map((port) => masterPortOf(all, port)),
        [two, three, one],
        `restart ${time}: each replica follows its own master`,
      )
      t.equal(all.redis(one, '-c', 'get', 'counter'), '4712', `restart ${time}`)
    }

    await all.kill(two)
    await all.kill(four)
    all.forget(two)
    all.forget(four)
    for (const port of [two, four]) all.start(port, 'cluster')
    t.match(
      all.admin(['form'], { REDIS_WAIT_SECONDS: '5' }),
      { code: 1, err: /has the slots from 5461 to 10922: start the node that had them/ },
      'slots with lost data are not reassigned as empty',
    )
  })
}

const readIf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

// Redis reaches this state only by chance, when addresses are reassigned: a fake redis-cli replays recorded replies.
for (const [name, host, replicates] of [
  ['with an outdated master address is reconfigured', '10.0.1.102', true],
  ['with the current master address is left unchanged', '10.0.1.105', false],
] as const) {
  t.test(`cluster replica ${name}`, async (t) => {
    const files = {
      nodes: `8eea819c 10.0.1.105:6379@16379 master - 0 1795296845000 2 connected 5461-10922
af70dbfd 10.0.1.109:6379@16379 myself,slave 8eea819c 0 1795296845000 2 connected
`,
      info: `role:slave\r\nmaster_host:${host}\r\nmaster_port:6379\r\nmaster_link_status:${replicates ? 'down' : 'up'}\r\n`,
      'redis-cli': `#!/bin/sh
case "$*" in
  *' cluster nodes') cat "\${0%/*}/nodes" ;;
  *' info replication') cat "\${0%/*}/info" ;;
  *) echo "$*" >>"\${0%/*}/commands" ;;
esac
echo asked >>"\${0%/*}/asked"
`,
      'redis-server': '#!/bin/sh\nexec sleep 60\n',
    }
    const folder = programFolder((remove) => {
      t.teardown(remove)
    })
    mkdirSync(`${folder}/run`)
    for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content)
    for (const program of ['redis-cli', 'redis-server']) chmodSync(`${folder}/${program}`, 0o755)
    const all = new Processes(['sh'], `${folder}/run`, { REDIS_PEERS: 'nobody', PATH: `${folder}:${process.env.PATH}` })
    t.teardown(() => all.killAll())
    all.start(6379, 'cluster')
    await until('the replica has been polled three times', () => readIf(`${folder}/asked`).split('\n').length > 8)
    t.match(readIf(`${folder}/commands`), replicates ? /cluster replicate 8eea819c$/m : /^$/)
  })
}

t.test('password is in no argv and in no file readable by others', async (t) => {
  const [port = 0] = await freePorts(1)
  const dir = programFolder((remove) => {
    t.teardown(remove)
  })
  mkdirSync(path.join(dir, 'bin'))
  const real = execFileSync('sh', ['-c', 'command -v redis-cli'], { encoding: 'utf8' }).trim()
  writeFileSync(path.join(dir, 'bin/redis-cli'), `#!/bin/sh\nprintf '%s\\n' "$*" >>${dir}/argv\nexec ${real} "$@"\n`)
  chmodSync(path.join(dir, 'bin/redis-cli'), 0o755)
  const all = new Processes(['dash'], dir, { PATH: `${dir}/bin:${process.env.PATH ?? ''}`, REDIS_PEERS: names([port]) })
  t.teardown(() => all.killAll())
  all.start(port, 'server')
  await until('the first term has begun', () => all.redis(port, 'hget', 'labbook:life', 'beat') !== '')
  await until('the server is healthy', () => all.health(port, 'server') === 0)
  t.match(all.admin(['wait', 'server']), { code: 0, err: '' })
  const argv = readFileSync(path.join(dir, 'argv'), 'utf8')
  t.ok(argv.split('\n').length > 4)
  t.notMatch(argv, PASSWORD)
  t.equal(all.redis(port, 'config', 'get', 'requirepass').split('\n')[1], PASSWORD, 'the password is unchanged')
  t.equal(statSync(path.join(dir, String(port), 'run/redis.conf')).mode & 0o077, 0)
})
