import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { readLags } from '../../playbooks/swarm/redis/experiments/support/lags.ts'
import {
  lossOf,
  readLines,
  readLog,
  toldOf,
  type Change,
} from '../../playbooks/swarm/redis/experiments/support/losses.ts'
import { CLIENT } from '../../playbooks/swarm/redis/experiments/support/lab.ts'

/** Against real servers on loopback: needs redis-server and python3, as the app's own tests do. */
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-redis-client-'))
const passwordFile = path.join(folder, 'password')
const PASSWORD = 'p"ass\\word'
writeFileSync(passwordFile, `${PASSWORD}\n`)
const running: ChildProcess[] = []
t.teardown(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Below those that outgoing connections get, so that none of them takes it before it is used, or while its server is
 * away.
 */
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
  child.stdin?.end(config.join('\n'))
  await until('a server answers', async () => (await client('ask', `127.0.0.1:${port}`, 'PING')).includes('PONG'))
  return child
}

/** Waits until something holds; what never will is told by a throw. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const ends = performance.now() + 60_000; performance.now() < ends; await sleep(50)) if (await holds()) return
  throw new Error(`still not so: ${what}`)
}

/**
 * What servers say: asked again where one took longer than the second that the client gives it, as on a loaded machine
 * it may.
 */
async function asked(...words: readonly string[]): Promise<string> {
  let said = ''
  await until(`nobody takes too long for ${words.join(' ')}`, async () => {
    said = await client('ask', ...words)
    return !readLines(said).some(({ failed }) => failed === 'timed out')
  })
  return said
}

async function client(...words: readonly string[]): Promise<string> {
  const child = spawn('python3', ['-u', '-c', CLIENT(), ...words], {
    env: { PATH: process.env.PATH, REDIS_PASSWORD_FILE: passwordFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return await text(child.stdout)
}

t.test(
  'servers are asked; one that refuses and one that is not there say so; the password is not printed',
  async (t) => {
    const [port, nobody] = [await freePort(), await freePort()]
    await start(port)
    const said = await asked(`127.0.0.1:${port},127.0.0.1:${nobody}`, 'LRANGE', 'none', '0', '-1')
    t.match(readLines(said), [
      { at: `127.0.0.1:${port}`, address: '127.0.0.1', reply: [] },
      { at: `127.0.0.1:${nobody}`, failed: /refused/i },
    ])
    t.match(readLines(await asked(`127.0.0.1:${port}`, 'NOSUCH')), [{ refused: /^ERR unknown command/ }])
    t.notMatch(said, PASSWORD)
  },
)

t.test('each increment is written down, also those that meet no server: what is lost is found', async (t) => {
  const port = await freePort()
  const first = await start(port)
  // So long that it still writes when the server goes, also where it takes seconds to see that it has written.
  const writing = client('increments', `127.0.0.1:${port}`, 'counter', '50', '10')
  await until(
    'twenty are written',
    async () => Number(readLines(await asked(`127.0.0.1:${port}`, 'GET', 'counter'))[0]?.reply ?? 0) >= 20,
  )
  first.kill('SIGKILL')
  await sleep(200)
  await start(port) // without a file: it begins anew
  const log = readLog(await writing)
  t.equal(log.whole, true)
  const told = toldOf(log.changes)
  t.ok(told.refused + told.unsure > 0, 'some met no server')
  const after = Number(readLines(await asked(`127.0.0.1:${port}`, 'GET', 'counter'))[0]?.reply ?? 0)
  const loss = lossOf(told, 0, after)
  t.ok(loss !== undefined && loss.lost >= 20, `${loss?.lost} lost of ${loss?.acknowledged}`)
})

t.test('replicas that are to confirm and are not there: not sure; too few to write at all: refused', async (t) => {
  const port = await freePort()
  await start(port)
  /** What came of those that the server answered in time. */
  const changes = async (...replicas: readonly string[]): Promise<readonly Change[]> => {
    let answered: readonly Change[] = []
    await until('some are answered in time', async () => {
      answered = readLog(
        await client('increments', `127.0.0.1:${port}`, 'counter', '10', '1', ...replicas),
      ).changes.filter(({ why }) => why !== 'timed out')
      return answered.length > 0
    })
    return answered
  }
  const unsure = await changes('1', '20')
  t.ok(unsure.length > 0 && unsure.every(({ was, why }) => was === 'unsure' && why === 'not confirmed by a replica'))
  await asked(`127.0.0.1:${port}`, 'CONFIG', 'SET', 'min-replicas-to-write', '1')
  const refused = await changes()
  t.ok(refused.length > 0 && refused.every(({ was, why = '' }) => was === 'no' && why.startsWith('NOREPLICAS')))
})

t.test('the lag of a real replica, and who is master after another took over', async (t) => {
  const [master, replica] = [await freePort(), await freePort()]
  await start(master)
  await start(replica, [`replicaof 127.0.0.1 ${master}`])
  await until('the replica follows', async () =>
    (await client('ask', `127.0.0.1:${replica}`, 'INFO', 'replication')).includes('master_link_status:up'),
  )
  const look = async (): Promise<ReturnType<typeof readLags>> =>
    readLags(await client('lag', `127.0.0.1:${master}`, `127.0.0.1:${replica}`, 'lag', '20', '1'))
  let lags = await look()
  // It ends where an answer takes five seconds.
  for (let tries = 1; !lags.whole && tries < 3; tries++) lags = await look()
  t.equal(lags.whole, true)
  t.equal(lags.sorted.length + lags.late, 20)
  t.ok(lags.trips.length === 20 && lags.trips.every((ms) => ms > 0), 'a look by itself, before each')
  const [load] = readLines(await client('load', `127.0.0.1:${master}`, 'noise', '0.2', '10'))
  t.ok(Number(load?.increments) > 0)
  t.match(readLines(await client('await-master', `127.0.0.1:${replica}`, '0.3')), [{ master: null }])
  const waiting = client('await-master', `127.0.0.1:${master},127.0.0.1:${replica}`, '60', `127.0.0.1:${master}`)
  await asked(`127.0.0.1:${replica}`, 'REPLICAOF', 'NO', 'ONE')
  t.match(readLines(await waiting), [{ master: `127.0.0.1:${replica}` }])
})
