import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { freePorts, PASSWORD, Processes, quickFolder, until } from './support.ts'

/*
 * The scripts of the images with real Redis processes on loopback, in the shells of both kinds of image.
 */

const names = (ports: readonly number[]): string => ports.map((port) => `127.0.0.1:${port}`).join(' ')

for (const shell of [['dash']]) {
  t.test(
    `${shell.join(' ')}: servers under Sentinels choose the newest data after all were lost at once`,
    async (t) => {
      const ports = await freePorts(6)
      const [servers, sentinels] = [ports.slice(0, 3), ports.slice(3)]
      // A master that a loaded machine holds up must not be taken for dead. The servers leave it to the Sentinels to
      // replace one, for half their patience in looks of 0.3 s and what these take: Sentinels that have not agreed try
      // again after a minute only.
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
      t.match(all.admin(['wait', 'sentinel']), { code: 0, err: '' }, 'they find together by themselves')
      const first = master()
      for (const port of servers) await until(`${port} is well`, () => all.health(port, 'managed') === 0)
      for (const port of sentinels) await until(`${port} is well`, () => all.health(port, 'sentinel') === 0)
      t.not(all.health(first, 'replica'), 0, 'another role than the one asked for is not well')
      t.equal(all.redis(first, 'set', 'counter', '7'), 'OK')
      await until('a term has begun', () => all.redis(first, 'hget', 'labbook:life', 'term') !== '')
      await until('all of them have it', () => servers.every((port) => all.redis(port, 'get', 'counter') === '7'))

      await all.kill(first)
      await until('another is master', () => master() !== 0)
      const second = master()
      await until('and takes writes', () => all.redis(second, 'incr', 'counter') === '8')
      await until('in a new term', () => Number(all.redis(master(), 'hget', 'labbook:life', 'term')) > 1)
      await until('and both that are left have that', () =>
        servers.every((port) => port === first || Number(all.redis(port, 'hget', 'labbook:life', 'term')) > 1),
      )
      t.match(
        all.admin(['look', 'sentinel']).out,
        /the master \(.+\) has 1 of 2 replicas|is not in step/,
        'what is amiss is said',
      )

      // What was master first has older data, and must not be chosen again.
      await all.killAll()
      startAll()
      t.match(all.admin(['wait', 'sentinel']), { code: 0, err: '' }, 'again by themselves')
      for (const port of servers) t.equal(all.redis(port, 'get', 'counter'), '8', `${port} has the newest`)

      // A switch stops the Sentinels first: they would have it their way.
      for (const port of sentinels) await all.kill(port)
      t.match(all.admin(['promote', `127.0.0.1:${first}`]), { code: 0, err: '' })
      t.equal(master(), first, 'a server that is asked for becomes master')
      await until('and the others follow it', () => all.admin(['look', 'replicas']).out === '')

      // One stays away: the others go on without it, as they are the majority.
      await all.killAll()
      for (const port of servers) if (port !== first) all.start(port, 'managed', impatient)
      await until('two of three choose a master', () => master() !== 0)
      await until('with the count', () => all.redis(master(), 'get', 'counter') === '8')
      await all.killAll()
      all.start(first, 'managed', impatient)
      await new Promise((resolve) => setTimeout(resolve, 5000))
      t.equal(all.role(first), 'slave', 'one of three chooses nobody')
    },
  )
}

/** The port of the server that a replica gets its data from. */
const followedBy = (all: Processes, port: number): number =>
  Number(/^master_port:(\d+)/m.exec(all.redis(port, 'info', 'replication'))?.[1])

// One shell each: they take their time.
for (const shell of [['busybox', 'sh']]) {
  t.test(`${shell.join(' ')}: a cluster is formed, mended, and carries data both ways`, async (t) => {
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
    const here = { REDIS_PEERS: names([server]) }
    all.start(server, 'server')
    for (const port of nodes) all.start(port, 'cluster')
    await until('all answer', () => ports.every((port) => all.redis(port, 'ping') === 'PONG'))
    t.not(all.admin(['form', '--check']).out, '', 'nothing is formed yet')
    t.match(all.admin(['form']), { code: 0, err: '' })
    t.same(all.admin(['form', '--check']), { code: 0, out: '', err: '' }, 'then there is nothing to do')
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
    t.match(all.admin(['copy', 'server', 'cluster'], here), { code: 0, err: '' })
    t.equal(all.redis(one, '-c', 'get', 'counter'), '4711')
    t.equal(all.redis(two, '-c', 'get', key), 'x')
    t.equal(all.redis(two, '-c', 'lrange', 'list', '0', '-1'), 'a\nb')
    t.ok(Number(all.redis(two, '-c', 'ttl', 'short')) > 900)
    t.equal(all.redis(two, '-c', 'exists', 'stale'), '0', 'what was there before is gone')
    t.equal(all.redis(server, 'get', 'counter'), '4711', 'and the source has it still')

    // A node with an empty volume: its replica has taken over, and it takes its place behind it and then again before
    // it.
    await all.kill(two)
    all.forget(two)
    await until('its replica has taken over', () => all.role(four) === 'master')
    all.start(two, 'cluster')
    await until('it answers', () => all.redis(two, 'ping') === 'PONG')
    t.match(all.admin(['form']), { code: 0, err: '' })
    t.same(all.admin(['form', '--check']), { code: 0, out: '', err: '' })
    t.equal(all.role(two), 'master', 'two masters on one node would be one too many')

    all.redis(one, '-c', 'incr', 'counter')
    t.match(all.admin(['copy', 'cluster', 'server'], here), { code: 0, err: '' })
    t.equal(all.redis(server, 'get', 'counter'), '4712')

    await all.killAll()
    for (const port of nodes) all.start(port, 'cluster')
    t.match(all.admin(['wait', 'cluster']), { code: 0, err: '' }, 'after the loss of all it comes back by itself')
    t.equal(all.redis(one, '-c', 'get', 'counter'), '4712')

    // The addresses of containers are dealt out anew when all start at once, and each may get one that another had.
    const [, , three = 0, , five = 0, six = 0] = nodes
    for (let time = 1; time <= 3; time++) {
      await all.killAll()
      for (const places of [
        [one, two, three],
        [six, four, five],
      ])
        all.moveOn(places)
      for (const port of nodes) all.start(port, 'cluster')
      t.match(
        all.admin(['wait', 'cluster']),
        { code: 0, err: '' },
        `with other addresses it comes back as well: ${time}`,
      )
      t.same(
        [four, five, six].map((port) => followedBy(all, port)),
        [two, three, one],
        'each replica has the data of its own master',
      )
      t.equal(all.redis(one, '-c', 'get', 'counter'), '4712')
    }

    await all.kill(two)
    await all.kill(four)
    all.forget(two)
    all.forget(four)
    for (const port of [two, four]) all.start(port, 'cluster')
    t.match(
      all.admin(['form'], { REDIS_WAIT_SECONDS: '5' }),
      { code: 1, err: /has the slots from 5461 to 10922: start the node that had them/ },
      'slots with lost data are not given away as if they were empty',
    )
  })
}

const readIf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

// Redis comes into this state by chance only, when addresses are dealt out anew: what it then said is played back by a
// stand-in for redis-cli.
for (const [what, host, told] of [
  ['where it is no more', '10.0.1.102', true],
  ['where it is', '10.0.1.105', false],
] as const) {
  t.test(`a replica of a cluster that looks for its master ${what}`, async (t) => {
    const folder = t.testdir({
      nodes: `8eea819c 10.0.1.105:6379@16379 master - 0 1795296845000 2 connected 5461-10922
af70dbfd 10.0.1.109:6379@16379 myself,slave 8eea819c 0 1795296845000 2 connected
`,
      info: `role:slave\r\nmaster_host:${host}\r\nmaster_port:6379\r\nmaster_link_status:${told ? 'down' : 'up'}\r\n`,
      'redis-cli': `#!/bin/sh
case "$*" in
  *' cluster nodes') cat "\${0%/*}/nodes" ;;
  *' info replication') cat "\${0%/*}/info" ;;
  *) echo "$*" >>"\${0%/*}/told" ;;
esac
echo asked >>"\${0%/*}/asked"
`,
      'redis-server': '#!/bin/sh\nexec sleep 60\n',
      run: {},
    })
    for (const program of ['redis-cli', 'redis-server']) chmodSync(`${folder}/${program}`, 0o755)
    const all = new Processes(['sh'], `${folder}/run`, { REDIS_PEERS: 'nobody', PATH: `${folder}:${process.env.PATH}` })
    t.teardown(() => all.killAll())
    all.start(6379, 'cluster')
    await until('it has been looked at three times', () => readIf(`${folder}/asked`).split('\n').length > 8)
    t.match(readIf(`${folder}/told`), told ? /cluster replicate 8eea819c$/m : /^$/)
  })
}

t.test("the password is in nobody's argv, and in no file that others may read", async (t) => {
  const [port = 0] = await freePorts(1)
  const dir = t.testdir({ bin: {} })
  const real = execFileSync('sh', ['-c', 'command -v redis-cli'], { encoding: 'utf8' }).trim()
  writeFileSync(path.join(dir, 'bin/redis-cli'), `#!/bin/sh\nprintf '%s\\n' "$*" >>${dir}/argv\nexec ${real} "$@"\n`)
  chmodSync(path.join(dir, 'bin/redis-cli'), 0o755)
  const all = new Processes(['dash'], dir, { PATH: `${dir}/bin:${process.env.PATH ?? ''}`, REDIS_PEERS: names([port]) })
  t.teardown(() => all.killAll())
  all.start(port, 'server')
  await until('it has begun a term', () => all.redis(port, 'hget', 'labbook:life', 'beat') !== '')
  await until('it is well', () => all.health(port, 'server') === 0)
  t.match(all.admin(['wait', 'server']), { code: 0, err: '' })
  const argv = readFileSync(path.join(dir, 'argv'), 'utf8')
  t.ok(argv.split('\n').length > 4)
  t.notMatch(argv, PASSWORD)
  t.equal(all.redis(port, 'config', 'get', 'requirepass').split('\n')[1], PASSWORD, 'each character of it')
  t.equal(statSync(path.join(dir, String(port), 'run/redis.conf')).mode & 0o077, 0)
})
