import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { validityIssues, runLoad, shareIssues, type LoadResult, type PlanInput } from '../../../src/load/index.ts'
import type { ValidityOptions } from '../../../src/load/validity.ts'
import { programs } from '../../../src/load/program.ts'
import { analyzeUsers } from '../../../src/load/users.ts'
import { processes } from '../../support/processes.ts'
import { startServer } from './support.ts'
import { messageText, type Message } from '../../../src/events/message.ts'
import { inEnglish, reason } from '../../support/in-english.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const GET = { path: '/' } as const
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0)
/** In this process, which starts at once; the server has its own. */
const run = (plan: PlanInput): Promise<LoadResult> => programs.load(plan)
/** A busy machine may add further issues. */
const hasIssue = (result: LoadResult, issue: RegExp, options?: ValidityOptions): boolean =>
  validityIssues(result, options).some((each) => issue.test(messageText(each)))
const p = ({ total }: LoadResult, percentile: number): number => total.latency.percentiles[String(percentile)] ?? 0

t.test('closed load keeps every connection busy, and follows each request to its end', async (t) => {
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
  const seen = await server.statistics()
  const [reads, writes] = result.kinds
  t.match(result, {
    ended: 'in time',
    seconds: 3,
    statuses: { 200: result.total.requests },
    errors: {},
    total: { failures: 0 },
  })
  // autocannon itself omits the response before each reconnect: a fifth of them.
  const answered = sum(seen.requests)
  t.ok(
    result.total.requests <= answered && result.total.requests >= answered - 16,
    `${result.total.requests} counted of ${answered} on the server`,
  )
  t.ok(seen.connections > 8, 'connections are renewed')
  t.same(Object.keys(result.replicas), ['r0', 'r1', 'r2', 'r3'], 'every replica responds')
  t.equal(sum(result.replicas), result.total.requests)
  t.same(Object.keys(result.nodes), ['n-r0', 'n-r1', 'n-r2', 'n-r3'])
  t.equal((reads?.requests ?? 0) + (writes?.requests ?? 0), result.total.requests)
  t.ok((writes?.requests ?? 0) > 0 && (reads?.requests ?? 0) > 2 * (writes?.requests ?? 0), 'mixed by weight')
  t.ok(p(result, 50) >= 19.5, `p50 is ${p(result, 50)} ms for a server that takes 20`)
  t.equal(
    result.perSecond.reduce((all, { ok }) => all + ok, 0),
    result.total.requests,
  )
  t.equal(result.throughput, result.total.requests / 3, 'per second')
})

t.test('closed load without reconnects reaches too few replicas, which is reported', async (t) => {
  const server = await startServer(t, { latency: 5, replicas: 4, headers: false })
  const result = await run({
    way: 'closed',
    connections: 2,
    seconds: 2,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  })
  t.equal(Object.keys(result.replicas).length, 2, 'from the body if headers lack it')
  t.ok(hasIssue(result, /^2 of 4 replicas responded$/, { replicas: 4 }))
  t.same(shareIssues({ a: 100, b: 100 }, 2, 0.5), [])
  t.match(
    shareIssues({ a: 190, b: 10 }, 2, 0.5).map((issue) => messageText(issue)),
    [/one replica served 10 % of an equal share/],
  )
})

t.test('failures are counted by error, and too many end a closed load', async (t) => {
  const server = await startServer(t, { latency: 1 })
  const at = { host: server.host, port: server.port }
  const closed = (kind: string, more: Partial<PlanInput> = {}): Promise<LoadResult> =>
    run({ way: 'closed', connections: 2, seconds: 2, targets: [at], kinds: [{ path: kind }], ...more } as PlanInput)
  const bad = await closed('/fail')
  t.match(bad, {
    statuses: { 503: bad.total.requests },
    replicas: {},
    throughput: 0,
    total: { failures: bad.total.requests, latency: { max: 0 } },
  })
  t.ok(hasIssue(bad, /^100\.0 % of the requests failed/))
  const broken = await closed('/break')
  t.ok((broken.errors['connection closed without a response'] ?? 0) > 0, JSON.stringify(broken.errors))
  const silent = await closed('/never', { seconds: 7, timeLimit: 1 })
  const timeouts = silent.errors['request timed out'] ?? 0
  t.ok(
    timeouts >= 2 && timeouts <= 14 && timeouts === silent.total.requests,
    `2 connections, ${timeouts} timeouts in 7 s`,
  )
  t.ok(p(silent, 50) >= 950, 'timeouts count in the percentiles')
  const open = await run({ way: 'open', rate: 20, seconds: 0.5, targets: [at], kinds: [{ path: '/break' }] })
  t.match(open.errors, { ECONNRESET: 10 })
})

t.test('a load on a closed port fails and ends early', async (t) => {
  const closedPort = { host: '127.0.0.1', port: 1 }
  const closed = await run({ way: 'closed', connections: 4, seconds: 60, targets: [closedPort], kinds: [GET] })
  t.equal(closed.ended, 'too many failures', 'ended before its 60 s')
  t.ok((closed.errors.ECONNREFUSED ?? 0) >= 2000)
  t.ok(hasIssue(closed, /ended early: too many failures/))
  const users = await run({
    way: 'users',
    users: 2,
    think: [0.05, 0.1],
    seconds: 3,
    targets: [closedPort],
    kinds: [GET],
  })
  t.ok((users.errors.ECONNREFUSED ?? 0) > 0)
  t.equal(users.users?.setByUsers, null)
})

t.test('open load shows a stall of the server that a closed load hides', async (t) => {
  const stall = { latency: 20, stallAfter: 1500, stallFor: 1000 }
  const [first, second] = [await startServer(t, stall), await startServer(t, stall)]
  const common = { seconds: 4, kinds: [GET] }
  const [open, closed] = await Promise.all([
    run({ way: 'open', rate: 50, ...common, targets: [{ host: first.host, port: first.port }] }),
    run({ way: 'closed', connections: 1, ...common, targets: [{ host: second.host, port: second.port }] }),
  ])
  t.match(open, { ended: 'in time', total: { requests: 200, failures: 0 } }, 'every due request was sent and counted')
  // A quarter of the requests was due during the stall: they waited 0 to 1000 ms.
  t.ok(p(open, 90) >= 400 && p(open, 99) >= 800, `open: p90 ${p(open, 90)}, p99 ${p(open, 99)} ms`)
  // One request waited all that time, and none was sent meanwhile; on a slow machine there may be few others.
  t.ok(p(closed, 50) < p(open, 90) / 2, `closed: p50 ${p(closed, 50)} ms`)
  // If the generator paused as the stall began, two requests share it.
  t.ok(closed.total.latency.max >= 450, `closed: the stalled request took ${closed.total.latency.max} ms`)
})

t.test('open load counts requests that time out in the queue', async (t) => {
  const server = await startServer(t, { latency: 400 })
  const result = await run({
    way: 'open',
    rate: 100,
    inFlight: 2,
    timeLimit: 1,
    seconds: 2,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  })
  const unsent = result.errors['timed out before sending: too many concurrent requests'] ?? 0
  t.equal(result.total.requests, 200, 'all due requests')
  t.ok(unsent > 150, `${unsent} were not sent`)
  t.equal(sum(result.errors) + sum(result.statuses), 200)
  t.ok(((await server.statistics()).requests['GET /'] as number) <= 200 - unsent, 'the server did not receive them')
  t.ok(p(result, 90) >= 900, 'queueing counts as latency')
  const one = await startServer(t, { latency: 50 })
  const waiting = await run({
    way: 'open',
    rate: 40,
    inFlight: 1,
    timeLimit: 60,
    seconds: 1,
    targets: [{ host: one.host, port: one.port }],
    kinds: [GET],
  })
  t.match(waiting, { statuses: { 200: 40 }, total: { requests: 40 } })
  t.ok(p(waiting, 50) >= 300, `p50 with queueing is ${p(waiting, 50)} ms for a server that takes 50`)
})

t.test('open load uses targets round-robin, from the given local address', async (t) => {
  const [first, second] = [await startServer(t), await startServer(t)]
  const targets = [first, second].map(({ host, port }) => ({ host, port, from: '127.0.0.2' }))
  const result = await run({ way: 'open', rate: 100, seconds: 1, reconnectEvery: 10, targets, kinds: [GET] })
  t.match(result, { statuses: { 200: 100 } })
  const [one, other] = [await first.statistics(), await second.statistics()]
  t.match([one.requests['GET /'], other.requests['GET /']], [50, 50])
  t.ok(one.from.includes('127.0.0.2') && one.connections >= 5, JSON.stringify(one))
  await run({ way: 'closed', connections: 2, seconds: 0.3, targets, kinds: [GET] })
  await run({ way: 'users', users: 2, think: [0.01, 0.05], seconds: 0.3, targets, kinds: [GET] })
  // fetch() of seen() itself comes from 127.0.0.1.
  t.same([...(await first.statistics()).from].sort(), ['127.0.0.1', '127.0.0.2'])
  const away = await run({
    way: 'closed',
    connections: 1,
    seconds: 60,
    targets: [{ host: '127.0.0.1', port: first.port, from: '192.0.2.1' }],
    kinds: [GET],
  })
  t.ok((away.errors.EADDRNOTAVAIL ?? 0) > 0, 'no fallback to another local address')
})

t.test('users have one connection each, and a throughput predicted from think time and latency', async (t) => {
  const server = await startServer(t, { latency: 300, replicas: 20 })
  const { host, port } = server
  const { users, total, seconds } = await run({
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
    `${total.requests} responses took ${total.latency.mean} ms each`,
  )
  t.equal(users?.predicted, 30 / (0.375 + total.latency.mean / 1000))
  t.not(users?.setByUsers, true)
  t.equal((await server.statistics()).connections, 30 + 1, 'one connection per user, and one for statistics')
})

t.test('analyzeUsers() decides whether the users or the server limit throughput', (t) => {
  const latency = (mean: number): LoadResult['total']['latency'] => ({ min: mean, mean, max: mean, percentiles: {} })
  const say = (mean: number, requests: number, { failures = 0, limit }: { failures?: number; limit?: Message } = {}) =>
    inEnglish(
      analyzeUsers(
        { users: 30, think: [0.25, 0.5] },
        {
          seconds: 10,
          total: { method: '', name: 'Aggregated', requests, failures, meanBytes: 0, latency: latency(mean) },
        },
        limit,
      ),
    )
  t.match(say(2, 790), { most: 80, setByUsers: true, why: /^users requested 99 % of their maximum at zero latency$/ })
  t.match(say(300, 440), {
    most: 80,
    setByUsers: false,
    why: 'users waited 300 ms per response and requested 55 % of their maximum',
  })
  t.match(say(300, 300), {
    setByUsers: null,
    why: 'measured 30.0 requests/s; think time and latency predict 44.4',
  })
  t.match(say(2, 790, { limit: reason('it was busy') }), { setByUsers: null, why: 'it was busy' })
  t.match(say(2, 790, { failures: 80 }), { setByUsers: null, why: '80 of 790 requests failed' })
  t.match(say(2, 79), { setByUsers: null, why: '79 requests are too few' })
  t.end()
})

t.test('readPlan() rejects invalid and excessive plans', async (t) => {
  const plan = { targets: [{ host: '127.0.0.1', port: 80 }], kinds: [GET], seconds: 1 }
  const rejects = (more: object, why: RegExp) =>
    t.rejects(runLoad({ ...plan, ...more } as PlanInput), { name: 'Refusal', message: why })
  await rejects({ way: 'closed', connections: 2001 }, /connections: .*2000/)
  await rejects({ way: 'closed', connections: 1, seconds: 800, warmup: 101 }, /901 s; the maximum is 900 s/)
  await rejects({ way: 'open', rate: 20_001 }, /rate: .*20000/)
  await rejects({ way: 'users', users: 5001 }, /users/)
  await rejects({ way: 'users', users: 1, think: [2, 1] }, /must not exceed the second/)
  await rejects({ way: 'users', users: 1, kinds: [{ path: '/a b' }] }, /kinds\.0\.path: must be a path such as/)
  await rejects({ way: 'closed', connections: 1, targets: [] }, /targets/)
  await rejects({ way: 'closed', connections: 1, targets: [{ host: 'a/b', port: 80 }] }, /targets\.0\.host/)
})

t.test('a load ends when aborted, and when its parent process is gone', async (t) => {
  const server = await startServer(t)
  const plan: PlanInput = {
    way: 'closed',
    connections: 1,
    seconds: 300,
    targets: [{ host: server.host, port: server.port }],
    kinds: [GET],
  }
  const stop = new AbortController()
  const running = runLoad(plan, { signal: stop.signal })
  const generators = () =>
    processes().filter(({ parent, commandLine }) => parent === process.pid && commandLine.includes('load/program.ts'))
  while ((await server.statistics()).requests['GET /'] === undefined) await sleep(50)
  t.equal(generators().length, 1)
  stop.abort(new Error('enough'))
  await t.rejects(running, { message: 'enough' })
  t.equal(generators().length, 0, 'no process remains')

  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'src/bundle/worker.mjs'), path.join(ROOT, 'src/load/program.ts'), 'load'],
    { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] },
  )
  child.stdin?.end(JSON.stringify(plan))
  const before = (await server.statistics()).requests['GET /'] ?? 0
  // Requests sent before may still arrive, and a request has completed once the next one arrives.
  while (((await server.statistics()).requests['GET /'] ?? 0) <= before + 2) await sleep(50)
  const [answer] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    once(child, 'exit'),
    (async () => {
      child.disconnect()
    })(),
  ])
  t.match(JSON.parse(answer), { ended: 'aborted', statuses: { 200: Number } }, 'with a partial result')
})
