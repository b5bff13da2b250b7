import { createServer } from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { sendProbe } from '../../../../playbooks/methods/send.ts'
import { failingProbes, isNotHttp, trafficOf, type EntryTarget } from '../../../../playbooks/methods/traffic.ts'
import type { EntryProbe } from '../../../../playbooks/methods/entry-point.ts'
import { reason } from '../../../support/in-english.ts'

const HOST = '127.0.0.1'

async function listen(t: Test, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  t.teardown(() => {
    server.close()
  })
  return (server.address() as net.AddressInfo).port
}

/** The error of a probe; empty if it succeeds. */
const outcome = (port: number, probe: EntryProbe, timeoutMs = 2000): Promise<string> =>
  sendProbe({ host: HOST, port }, probe, timeoutMs).then(
    ({ error = '' }) => error,
    (error: unknown) => (error as Error).message,
  )

t.test('HTTP probes', async (t) => {
  const port = await listen(
    t,
    createServer((request, response) => {
      if (request.url === '/never') return
      response.writeHead(Number(request.url?.slice(1)), { 'X-Replica': 'r1' }).end()
    }),
  )
  const http = (path: string, expect?: number): EntryProbe => ({ kind: 'http', path, ...(expect ? { expect } : {}) })
  t.equal(await outcome(port, http('/404')), '', 'any status below 500')
  t.equal(await outcome(port, http('/503')), 'status 503')
  t.equal(await outcome(port, http('/302', 302)), '')
  t.equal(await outcome(port, http('/302', 200)), 'status 302')
  t.match(await outcome(port, http('/never'), 100), /no response within 100 ms/)
  t.match(await sendProbe({ host: HOST, port }, http('/200'), 2000), { status: 200, replica: 'r1' })
})

t.test('TCP probes and pings', async (t) => {
  const answering = (answer: Buffer | string, greets = false): net.Server =>
    net.createServer((socket) => {
      socket.on('error', () => {})
      if (greets) socket.end(answer)
      else socket.once('data', () => socket.end(answer))
    })
  const ping = (protocol: 'redis' | 'postgres' | 'mysql'): EntryProbe => ({ kind: 'ping', protocol })
  const silent = await listen(t, net.createServer())
  t.equal(await outcome(silent, { kind: 'tcp' }), '')
  t.equal(await outcome(await listen(t, answering('+PONG\r\n')), ping('redis')), '')
  t.equal(await outcome(await listen(t, answering('-NOAUTH Authentication required.\r\n')), ping('redis')), '')
  t.match(
    await outcome(await listen(t, answering('-LOADING\r\n')), ping('redis')),
    /not that of a ready server: -LOADING/,
  )
  t.equal(await outcome(await listen(t, answering('N')), ping('postgres')), '')
  t.match(await outcome(await listen(t, answering('E')), ping('postgres')), /not that of a ready server/)
  t.equal(await outcome(await listen(t, answering(Buffer.from([74, 0, 0, 0, 10, 56]), true)), ping('mysql')), '')
  t.match(
    await outcome(await listen(t, answering(Buffer.from([74, 0, 0, 0, 255, 16]), true)), ping('mysql')),
    /not that of a ready server/,
  )
  t.match(await outcome(await listen(t, answering('', true)), ping('mysql')), /closed without an answer/)
  const closed = net.createServer()
  const port = await listen(t, closed)
  await new Promise((resolve) => closed.close(resolve))
  t.match(await outcome(port, { kind: 'tcp' }), /ECONNREFUSED/)
})

t.test('an entry point that does not speak HTTP is recognised', async (t) => {
  const http = await listen(
    t,
    createServer((_, response) => response.end()),
  )
  const other = await listen(
    t,
    net.createServer((socket) => socket.end('220 ready\r\n').on('error', () => {})),
  )
  const probe: EntryProbe = { kind: 'http', path: '/' }
  t.equal(await isNotHttp(target(http, [probe]), probe), false)
  t.equal(await isNotHttp(target(other, [probe]), probe), true)
})

t.test('requests alternate between the nodes, and count increments', async (t) => {
  let count = 5
  const received: string[] = []
  const port = await listen(
    t,
    createServer((request, response) => {
      received.push(`${request.method} ${request.url}`)
      if (request.url === '/refused') response.statusCode = 403
      else if (request.method === 'POST') count += 1
      response.end(JSON.stringify({ n: count }))
    }),
  )
  const probe: EntryProbe = { kind: 'http', path: '/n', counter: { post: '/add', count: 'n' } }
  const traffic = trafficOf([target(port, [probe], 'a'), target(port, [probe], 'b')])
  const names = traffic.requests.map(({ endpoint, method }) => `${method} ${endpoint}`)
  t.same(names, ['GET a', 'GET b', 'POST a', 'POST b'])
  t.equal(await traffic.readCount?.(), 5)
  const sent = []
  for (const request of traffic.requests) sent.push(await request.send(2000))
  t.match(sent, [{ count: 5 }, { count: 5 }, { count: 6 }, { count: 7 }], 'the count is in each response')
  t.equal(await traffic.readCount?.(), 7)
  const other: EntryProbe = { kind: 'http', path: '/other', counter: { post: '/add', count: 'n' } }
  const both = trafficOf([target(port, [probe, other], 'a'), target(port, [probe, other], 'b')])
  t.equal(await both.readCount?.(), 14, 'the sum of two counters, each read once')
  const unknown = trafficOf([target(port, [probe, { ...other, counter: { post: '/add', count: 'm' } }])])
  t.ok(Number.isNaN(await unknown.readCount?.()), 'a counter that does not answer')
  t.match(
    await unknown.requests.find(({ probe }) => probe === '80/other')?.send(2000),
    { error: 'status 200 without a number "m" in JSON' },
    'it is no success',
  )
  const refused = trafficOf([target(port, [{ ...probe, counter: { post: '/refused', count: 'n' } }])]).requests[1]
  t.match(await refused?.send(2000), { status: 403, error: 'status 403' }, 'an increment that is not acknowledged')
  t.same(await failingProbes([target(port, [{ ...probe, expect: 201 }], 'a')]), [
    'a:80: GET /n (status 201), POST /add: status 200',
  ])
})

t.test('the count is read again while the service recovers', async (t) => {
  let requests = 0
  const port = await listen(
    t,
    createServer((_, response) => {
      requests += 1
      response.statusCode = requests === 1 ? 503 : 200
      response.end(JSON.stringify({ n: 3 }))
    }),
  )
  const probe: EntryProbe = { kind: 'http', path: '/n', counter: { post: '/add', count: 'n' } }
  t.equal(await trafficOf([target(port, [probe])]).readCount?.(), 3)
  t.equal(requests, 2)
})

function target(port: number, probes: readonly EntryProbe[], node = 'a'): EntryTarget {
  return {
    entryPoint: { service: 'web', port: 80, mode: 'host', probes, reason: reason('guess') },
    node,
    address: { host: HOST, port },
  }
}
