import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { doubtsOf, runLoad, shareDoubts, type LoadResult, type PlanInput } from '../../../src/load/index.ts'
import type { DoubtOptions } from '../../../src/load/doubts.ts'
import { programs } from '../../../src/load/program.ts'
import { usersSay } from '../../../src/load/users.ts'
import { processes } from '../../support/processes.ts'
import { startServer } from './support.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const GET = { path: '/' } as const
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0)
/** In this process: it starts at once, and the server has its own. */
const put = (plan: PlanInput): Promise<LoadResult> => programs.load(plan)
/** Among others, where this machine is too busy for the generator. */
const doubts = (result: LoadResult, doubt: RegExp, options?: DoubtOptions): boolean =>
  doubtsOf(result, options).some((each) => doubt.test(each))
const p = ({ total }: LoadResult, percentile: number): number => total.latency.percentiles[String(percentile)] ?? 0

t.test('closed: as many requests under way as connections, each followed to its end', async (t) => {
  const server = await startServer(t, { latency: 20, replicas: 4 })
  const target = { host: server.host, port: server.port }
  const result = await runLoad({
    way: 'closed',
    connections: 8,
    reconnectEvery: 5,
    seconds: 3,
    targets: [target],
    kinds: [
      { path: '/', weight: 3 },
      { method: 'POST', path: '/more', weight: 1 },
    ],
  })
  const seen = await server.seen()
  const [reads, writes] = result.kinds
  t.match(result, {
    ended: 'in time',
    seconds: 3,
    statuses: { 200: result.total.requests },
    errors: {},
    total: { failures: 0 },
  })
  // autocannon itself leaves out the answer before each reconnect: a fifth of them.
  const answered = sum(seen.requests)
  t.ok(
    result.total.requests <= answered && result.total.requests >= answered - 16,
    `${result.total.requests} counted of ${answered} the server saw`,
  )
  t.ok(seen.connections > 8, 'connections are made anew')
  t.same(Object.keys(result.replicas), ['r0', 'r1', 'r2', 'r3'], 'so every replica answers')
  t.equal(sum(result.replicas), result.total.requests)
  t.same(Object.keys(result.nodes), ['n-r0', 'n-r1', 'n-r2', 'n-r3'])
  t.equal((reads?.requests ?? 0) + (writes?.requests ?? 0), result.total.requests)
  t.ok((writes?.requests ?? 0) > 0 && (reads?.requests ?? 0) > 2 * (writes?.requests ?? 0), 'mixed by weight')
  t.ok(p(result, 50) >= 19.5, `half of the answers took ${p(result, 50)} ms of a server that takes 20`)
  t.equal(
    result.perSecond.reduce((all, { ok }) => all + ok, 0),
    result.total.requests,
  )
  t.equal(result.throughput, result.total.requests / 3, 'in three seconds')
})

t.test('closed: kept connections stay with their replicas, and that is a doubt', async (t) => {
  const server = await startServer(t, { latency: 5, replicas: 4, headers: false })
  const result = await put({
    way: 'closed',
    connections: 2,
    seconds: 2,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  })
  t.equal(Object.keys(result.replicas).length, 2, 'as the body says, where headers do not')
  t.ok(doubts(result, /^2 replicas answered, not 4$/, { replicas: 4 }))
  t.same(shareDoubts({ a: 100, b: 100 }, 2, 0.5), [])
  t.match(shareDoubts({ a: 190, b: 10 }, 2, 0.5), [/a replica got 10 % of an equal share/])
})

t.test('failures are counted by kind, and too many end a closed load', async (t) => {
  const server = await startServer(t, { latency: 1 })
  const at = { host: server.host, port: server.port }
  const closed = (kind: string, more: Partial<PlanInput> = {}): Promise<LoadResult> =>
    put({ way: 'closed', connections: 2, seconds: 2, targets: [at], kinds: [{ path: kind }], ...more } as PlanInput)
  const bad = await closed('/fail')
  t.match(bad, {
    statuses: { 503: bad.total.requests },
    replicas: {},
    throughput: 0,
    total: { failures: bad.total.requests, latency: { max: 0 } },
  })
  t.ok(doubts(bad, /^100\.0 % of the requests failed/))
  const broken = await closed('/break')
  t.ok((broken.errors['connection closed without an answer'] ?? 0) > 0, JSON.stringify(broken.errors))
  const silent = await closed('/never', { seconds: 7, timeLimit: 1 })
  const given = silent.errors['no answer within the time limit'] ?? 0
  t.ok(given >= 2 && given <= 14 && given === silent.total.requests, `2 connections, given up on ${given} times in 7 s`)
  t.ok(p(silent, 50) >= 950, 'what was given up on makes the percentiles bad')
  const open = await put({ way: 'open', rate: 20, seconds: 0.5, targets: [at], kinds: [{ path: '/break' }] })
  t.match(open.errors, { ECONNRESET: 10 })
})

t.test('a port where nobody listens', async (t) => {
  const nobody = { host: '127.0.0.1', port: 1 }
  const closed = await put({ way: 'closed', connections: 4, seconds: 60, targets: [nobody], kinds: [GET] })
  t.equal(closed.ended, 'too many failures', 'not a minute of connecting in vain')
  t.ok((closed.errors.ECONNREFUSED ?? 0) >= 2000)
  t.ok(doubts(closed, /ended early: too many failures/))
  const users = await put({ way: 'users', users: 2, think: [0.05, 0.1], seconds: 3, targets: [nobody], kinds: [GET] })
  t.ok((users.errors.ECONNREFUSED ?? 0) > 0)
  t.equal(users.users?.setByUsers, null)
})

t.test('open: what a server that stalls does to users shows, where a closed load hides it', async (t) => {
  const stall = { latency: 20, stallAfter: 1500, stallFor: 1000 }
  const [first, second] = [await startServer(t, stall), await startServer(t, stall)]
  const common = { seconds: 4, kinds: [GET] }
  const [open, closed] = await Promise.all([
    put({ way: 'open', rate: 50, ...common, targets: [{ host: first.host, port: first.port }] }),
    put({ way: 'closed', connections: 1, ...common, targets: [{ host: second.host, port: second.port }] }),
  ])
  t.match(
    open,
    { ended: 'in time', total: { requests: 200, failures: 0 } },
    'each request that was due was sent and counted',
  )
  // A quarter of the requests was due while it stalled: they waited from 0 to 1000 ms.
  t.ok(p(open, 90) >= 400 && p(open, 99) >= 800, `open: p90 ${p(open, 90)}, p99 ${p(open, 99)} ms`)
  // One request waited for all that time, and none was sent meanwhile; on a slow machine there may be few others.
  t.ok(p(closed, 50) < p(open, 90) / 2, `closed: p50 ${p(closed, 50)} ms`)
  // Where the generator stood still as the stall began, two share it.
  t.ok(closed.total.latency.max >= 450, `closed: the one that shows it took ${closed.total.latency.max} ms`)
})

t.test('open: what finds no room is counted as such, and nothing is left out', async (t) => {
  const server = await startServer(t, { latency: 400 })
  const result = await put({
    way: 'open',
    rate: 100,
    inFlight: 2,
    timeLimit: 1,
    seconds: 2,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  })
  const unsent = result.errors['not sent in time: too many requests under way'] ?? 0
  t.equal(result.total.requests, 200, 'as many as were due')
  t.ok(unsent > 150, `${unsent} were not sent`)
  t.equal(sum(result.errors) + sum(result.statuses), 200)
  t.ok(((await server.seen()).requests['GET /'] as number) <= 200 - unsent, 'and the server has not seen them')
  t.ok(p(result, 90) >= 900, 'their waiting counts')
  const one = await startServer(t, { latency: 50 })
  const waiting = await put({
    way: 'open',
    rate: 40,
    inFlight: 1,
    timeLimit: 60,
    seconds: 1,
    targets: [{ host: one.host, port: one.port }],
    kinds: [GET],
  })
  t.match(waiting, { statuses: { 200: 40 }, total: { requests: 40 } })
  t.ok(
    p(waiting, 50) >= 300,
    `half of them waited for their turn at least ${p(waiting, 50)} ms, of a server that takes 50`,
  )
})

t.test('open: targets in turn, from the address that was asked for', async (t) => {
  const [first, second] = [await startServer(t), await startServer(t)]
  const targets = [first, second].map(({ host, port }) => ({ host, port, from: '127.0.0.2' }))
  const result = await put({ way: 'open', rate: 100, seconds: 1, reconnectEvery: 10, targets, kinds: [GET] })
  t.match(result, { statuses: { 200: 100 } })
  const [one, other] = [await first.seen(), await second.seen()]
  t.match([one.requests['GET /'], other.requests['GET /']], [50, 50])
  t.ok(one.from.includes('127.0.0.2') && one.connections >= 5, JSON.stringify(one))
  await put({ way: 'closed', connections: 2, seconds: 0.3, targets, kinds: [GET] })
  await put({ way: 'users', users: 2, think: [0.01, 0.05], seconds: 0.3, targets, kinds: [GET] })
  // fetch() of seen() itself comes from 127.0.0.1.
  t.same([...(await first.seen()).from].sort(), ['127.0.0.1', '127.0.0.2'])
  const away = await put({
    way: 'closed',
    connections: 1,
    seconds: 60,
    targets: [{ host: '127.0.0.1', port: first.port, from: '192.0.2.1' }],
    kinds: [GET],
  })
  t.ok((away.errors.EADDRNOTAVAIL ?? 0) > 0, 'not from another address than asked for')
})

t.test(
  'users: each on a connection of its own, and what they get is foreseen from what they think and wait',
  async (t) => {
    const server = await startServer(t, { latency: 300, replicas: 20 })
    const { host, port } = server
    const { users, total, seconds } = await put({
      way: 'users',
      users: 30,
      think: [0.25, 0.5],
      warmup: 0.5,
      seconds: 6,
      targets: [{ host, port }],
      kinds: [GET],
    })
    t.match(users, {
      users: 30,
      most: 80,
      meanThink: 0.375,
      meanLatency: total.latency.mean / 1000,
      measured: total.requests / seconds,
    })
    t.match(total, { failures: 0 })
    t.ok(
      total.requests > 0 && total.latency.mean >= 295,
      `${total.requests} answers took ${total.latency.mean} ms each`,
    )
    t.equal(users?.predicted, 30 / (0.375 + total.latency.mean / 1000))
    t.not(users?.setByUsers, true)
    t.equal((await server.seen()).connections, 30 + 1, 'a connection for each user, and one to ask')
  },
)

t.test("users: throughput is theirs while answers come at once, and the server's when they do not", (t) => {
  const latency = (mean: number): LoadResult['total']['latency'] => ({ min: mean, mean, max: mean, percentiles: {} })
  const say = (mean: number, requests: number, { failures = 0, limit }: { failures?: number; limit?: string } = {}) =>
    usersSay(
      { users: 30, think: [0.25, 0.5] },
      {
        seconds: 10,
        total: { method: '', name: 'Aggregated', requests, failures, meanBytes: 0, latency: latency(mean) },
      },
      limit,
    )
  t.match(say(2, 790), { most: 80, setByUsers: true, why: /^99 % of what these users could ask for/ })
  t.match(say(300, 440), {
    most: 80,
    setByUsers: false,
    why: 'users wait 300 ms for each answer, and ask for 55 % of what they could',
  })
  t.match(say(300, 300), {
    setByUsers: null,
    why: '30.0 requests/s were measured where think time and latency predict 44.4',
  })
  t.match(say(2, 790, { limit: 'it was busy' }), { setByUsers: null, why: 'it was busy' })
  t.match(say(2, 790, { failures: 80 }), { setByUsers: null, why: '80 of 790 requests failed' })
  t.match(say(2, 79), { setByUsers: null, why: '79 requests are too few to tell' })
  t.end()
})

t.test('a plan is bounded, and says what is wrong with it', async (t) => {
  const plan = { targets: [{ host: '127.0.0.1', port: 80 }], kinds: [GET], seconds: 1 }
  const refused = (more: object, why: RegExp) =>
    t.rejects(runLoad({ ...plan, ...more } as PlanInput), { name: 'Refusal', message: why })
  await refused({ way: 'closed', connections: 2001 }, /connections: .*2000/)
  await refused({ way: 'closed', connections: 1, seconds: 800, warmup: 101 }, /901 s of load, and 900 s are the most/)
  await refused({ way: 'open', rate: 20_001 }, /rate: .*20000/)
  await refused({ way: 'users', users: 5001 }, /users/)
  await refused({ way: 'users', users: 1, think: [2, 1] }, /the smaller one/)
  await refused({ way: 'users', users: 1, kinds: [{ path: '/a b' }] }, /kinds\.0\.path: a path such as/)
  await refused({ way: 'closed', connections: 1, targets: [] }, /targets/)
  await refused({ way: 'closed', connections: 1, targets: [{ host: 'a/b', port: 80 }] }, /targets\.0\.host/)
})

t.test('it ends when it is told to, and when who started it is gone', async (t) => {
  const server = await startServer(t)
  const plan: PlanInput = {
    way: 'closed',
    connections: 1,
    seconds: 300,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  }
  const stop = new AbortController()
  const running = runLoad(plan, stop.signal)
  const mine = () =>
    processes().filter(({ parent, commandLine }) => parent === process.pid && commandLine.includes('load/program.ts'))
  while ((await server.seen()).requests['GET /'] === undefined) await sleep(50)
  t.equal(mine().length, 1)
  stop.abort(new Error('enough'))
  await t.rejects(running, { message: 'enough' })
  t.equal(mine().length, 0, 'no process is left')

  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'src/cli/worker.mjs'), path.join(ROOT, 'src/load/program.ts'), 'load'],
    { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] },
  )
  child.stdin?.end(JSON.stringify(plan))
  const before = (await server.seen()).requests['GET /'] ?? 0
  // The server may first find what was sent before; and a request has been answered once the next one comes.
  while (((await server.seen()).requests['GET /'] ?? 0) <= before + 2) await sleep(50)
  const [answer] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    once(child, 'exit'),
    (async () => {
      child.disconnect()
    })(),
  ])
  t.match(JSON.parse(answer), { ended: 'aborted', statuses: { 200: Number } }, 'and tells what it has')
})
