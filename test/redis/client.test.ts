import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseLags } from '../../playbooks/redis/experiments/support/lags.ts'
import {
  lossOf,
  parseJsonLines,
  parseLog,
  acknowledgedCounts,
  type CountChange,
} from '../../playbooks/redis/experiments/support/lost-writes.ts'
import { clientSource } from '../../playbooks/redis/experiments/support/client.ts'

/** Runs against real servers on loopback; needs redis-server and python3. */
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-redis-client-'))
const passwordFile = path.join(folder, 'password')
const PASSWORD = 'p"ass\\word'
writeFileSync(passwordFile, `${PASSWORD}\n`)
const running: ChildProcess[] = []
t.teardown(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** A free port below the ephemeral range, so that no outgoing connection takes it while its server is down. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const port = 27_000 + Math.floor(Math.random() * 5000)
    const server = createServer()
      .once('error', () => {
        resolve(freePort())
      })
      .listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(port)
        })
      })
  })

async function start(port: number, lines: readonly string[] = []): Promise<ChildProcess> {
  const config = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    'save ""',
    'repl-diskless-sync-delay 0',
    `requirepass "p\\"ass\\\\word"`,
    `masterauth "p\\"ass\\\\word"`,
    ...lines,
  ]
  const child = spawn('redis-server', ['-'], { stdio: ['pipe', 'ignore', 'ignore'] })
  running.push(child)
  child.stdin.end(config.join('\n'))
  await until('a server answers', async () => (await client('ask', `127.0.0.1:${port}`, 'PING')).includes('PONG'))
  return child
}

/** Polls until the condition holds; throws after a minute. */
async function until(condition: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`timed out: ${condition}`)
}

/** Queries servers; repeats if one exceeds the client's timeout of one second, as on a loaded machine. */
async function query(...args: readonly string[]): Promise<string> {
  let output = ''
  await until(`${args.join(' ')} does not time out`, async () => {
    output = await client('ask', ...args)
    return !parseJsonLines(output).some(({ failed }) => failed === 'timed out')
  })
  return output
}

async function client(...args: readonly string[]): Promise<string> {
  const child = spawn('python3', ['-u', '-c', clientSource(), ...args], {
    env: { PATH: process.env.PATH, REDIS_PASSWORD_FILE: passwordFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return await text(child.stdout)
}

t.test('ask prints replies, errors and unreachable servers, but never the password', async (t) => {
  const [port, unused] = [await freePort(), await freePort()]
  await start(port)
  const output = await query(`127.0.0.1:${port},127.0.0.1:${unused}`, 'LRANGE', 'none', '0', '-1')
  t.match(parseJsonLines(output), [
    { at: `127.0.0.1:${port}`, address: '127.0.0.1', reply: [] },
    { at: `127.0.0.1:${unused}`, failed: /refused/i },
  ])
  t.match(parseJsonLines(await query(`127.0.0.1:${port}`, 'NOSUCH')), [{ refused: /^ERR unknown command/ }])
  t.notMatch(output, PASSWORD)
})

t.test('increments logs every write, also without a server, so that losses are found', async (t) => {
  const port = await freePort()
  const first = await start(port)
  // Long enough to outlast the kill, even if polling takes seconds.
  const writing = client('increments', `127.0.0.1:${port}`, 'counter', '50', '10')
  await until(
    'twenty increments are applied',
    async () => Number(parseJsonLines(await query(`127.0.0.1:${port}`, 'GET', 'counter'))[0]?.reply ?? 0) >= 20,
  )
  first.kill('SIGKILL')
  await sleep(200)
  await start(port) // without persistence: the count restarts at 0
  const log = parseLog(await writing)
  t.equal(log.complete, true)
  const responses = acknowledgedCounts(log.changes)
  t.ok(responses.refused + responses.indeterminate > 0, 'some increments reached no server')
  const after = Number(parseJsonLines(await query(`127.0.0.1:${port}`, 'GET', 'counter'))[0]?.reply ?? 0)
  const loss = lossOf(responses, 0, after)
  t.ok(loss !== undefined && loss.lost >= 20, `${loss?.lost} lost of ${loss?.acknowledged}`)
})

t.test(
  'increments is indeterminate without confirming replicas, and refused below min-replicas-to-write',
  async (t) => {
    const port = await freePort()
    await start(port)
    /** Results of the increments that the server answered in time. */
    const changes = async (...replicas: readonly string[]): Promise<readonly CountChange[]> => {
      let answered: readonly CountChange[] = []
      await until('an increment is answered in time', async () => {
        answered = parseLog(
          await client('increments', `127.0.0.1:${port}`, 'counter', '10', '1', ...replicas),
        ).changes.filter(({ why }) => why !== 'timed out')
        return answered.length > 0
      })
      return answered
    }
    const unsure = await changes('1', '20')
    t.ok(unsure.length > 0 && unsure.every(({ was, why }) => was === 'unsure' && why === 'not confirmed by a replica'))
    await query(`127.0.0.1:${port}`, 'CONFIG', 'SET', 'min-replicas-to-write', '1')
    const refused = await changes()
    t.ok(refused.length > 0 && refused.every(({ was, why = '' }) => was === 'no' && why.startsWith('NOREPLICAS')))
  },
)

t.test('lag measures a real replica, and await-master finds the promoted server', async (t) => {
  const [master, replica] = [await freePort(), await freePort()]
  await start(master)
  await start(replica, [`replicaof 127.0.0.1 ${master}`])
  await until('the replica follows', async () =>
    (await client('ask', `127.0.0.1:${replica}`, 'INFO', 'replication')).includes('master_link_status:up'),
  )
  const measure = async (): Promise<ReturnType<typeof parseLags>> =>
    parseLags(await client('lag', `127.0.0.1:${master}`, `127.0.0.1:${replica}`, 'lag', '20', '1'))
  let lags = await measure()
  // The client gives up if a response takes five seconds.
  for (let tries = 1; !lags.complete && tries < 3; tries++) lags = await measure()
  t.equal(lags.complete, true)
  t.equal(lags.sorted.length + lags.late, 20)
  t.ok(lags.roundTrips.length === 20 && lags.roundTrips.every((ms) => ms > 0), 'one round trip before each sample')
  const [load] = parseJsonLines(await client('load', `127.0.0.1:${master}`, 'noise', '0.2', '10'))
  t.ok(Number(load?.increments) > 0)
  t.match(parseJsonLines(await client('await-master', `127.0.0.1:${replica}`, '0.3')), [{ master: null }])
  const waiting = client('await-master', `127.0.0.1:${master},127.0.0.1:${replica}`, '60', `127.0.0.1:${master}`)
  await query(`127.0.0.1:${replica}`, 'REPLICAOF', 'NO', 'ONE')
  t.match(parseJsonLines(await waiting), [{ master: `127.0.0.1:${replica}` }])
})
