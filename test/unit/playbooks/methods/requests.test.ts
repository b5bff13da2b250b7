import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { SteadyProbe, type RequestResult } from '../../../../playbooks/methods/steady-probe.ts'
import { bySecond, requestStats, increments, errorCounts, requestsCsv } from '../../../../playbooks/methods/requests.ts'
import { counterTargets } from '../../../../playbooks/app/entry-points.ts'
import { trafficOf } from '../../../../playbooks/methods/traffic.ts'

const request = (at: number, error = '', more: Partial<RequestResult> = {}): RequestResult => ({
  at,
  ms: 10,
  endpoint: 'a',
  probe: '80/n',
  method: 'GET',
  status: error === '' ? 200 : undefined,
  replica: 'r',
  node: 'a',
  error,
  ...more,
})

t.test('outage lasts from the first failed request to the next successful one', async (t) => {
  t.match(
    requestStats([
      request(0),
      request(1000, 'x'),
      request(1500, 'x'),
      request(4000),
      request(5000, 'x'),
      request(6000),
    ]),
    { sent: 6, failed: 3, outage: 3 },
  )
  t.match(
    requestStats([request(0), request(1000, 'x'), request(2000, 'x')], 10),
    { outage: 9 },
    'an open outage lasts until the end',
  )
  t.match(requestStats([request(0)]), { outage: 0, median: 10, p95: 10 })
  t.match(requestStats([]), { sent: 0, failed: 0, outage: 0, median: Number.NaN })
})

t.test('lost increment is acknowledged and not counted', async (t) => {
  const post = (error = '') => request(0, error, { method: 'POST' })
  t.same(increments([post(), post(), post(), request(0)], 5, 8), {
    acknowledged: 3,
    indeterminate: 0,
    added: 3,
    lost: 0,
  })
  t.same(increments([post(), post(), post('x')], 5, 6), { acknowledged: 2, indeterminate: 1, added: 1, lost: 1 })
  t.same(
    increments([post('x')], 5, 6),
    { acknowledged: 0, indeterminate: 1, added: 1, lost: 0 },
    'an indeterminate increment may have been applied',
  )
})

t.test('requests are grouped by second and by error, and written as CSV', async (t) => {
  const all = [request(100), request(900, 'x'), request(2100, 'status 502, "bad"'), request(2200, 'x')]
  t.same(bySecond(all), [
    { at: 0, ok: 1, failed: 1 },
    { at: 2, ok: 0, failed: 2 },
  ])
  t.same(errorCounts(all), [
    ['x', 2],
    ['status 502, "bad"', 1],
  ])
  t.equal(requestsCsv(all).split('\n')[3], '2.100,10.0,a,GET,,r,a,"status 502, ""bad"""')
  const other = request(0, '', { probe: '80/m' })
  t.match(requestsCsv([request(0), other]), /,a:80\/n,.*\n.*,a:80\/m,/, 'with their probes if there are several')
})

t.test('SteadyProbe keeps its rate regardless of failures, and records each request once', async (t) => {
  const received: string[] = []
  let count = 0
  const server = createServer((incoming, answer) => {
    received.push(`${incoming.method} ${incoming.url}`)
    const nth = received.length
    if (nth % 5 === 0) return // no response
    if (nth % 5 === 1) answer.statusCode = 503
    if (incoming.method === 'POST') count += 1
    answer.setHeader('X-Replica', 'r1').end(JSON.stringify({ count }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const probe = new SteadyProbe(
    trafficOf(
      counterTargets([
        { host: '127.0.0.1', port, node: 'a' },
        { host: '127.0.0.1', port, node: 'b' },
      ]),
    ).requests,
    { perSecond: 100, timeoutMs: 2000 },
  )
  await sleep(1000)
  const requests = await probe.stop()
  // Server and clients share this process: a request that timed out may reach the server later, or never.
  await sleep(100)
  const arrived = received.length
  t.ok(arrived <= requests.length, `no request is sent twice: ${arrived} of ${requests.length} arrived`)
  t.ok(requests.length > 40, `${requests.length} requests, although every fifth got no response`)
  t.same(new Set(received), new Set(['GET /api/counter', 'POST /api/counter/increment']))
  t.same(new Set(requests.map(({ endpoint }) => endpoint)), new Set(['a', 'b']))
  t.match(
    new Set(errorCounts(requests).map(([why]) => why.replace(/^\S+ \S+: /, ''))),
    new Set(['status 503', 'no response within 2000 ms']),
  )
  t.ok(requests.every(({ error, status, replica }) => (error === '') === (status === 200 && replica === 'r1')))
  await sleep(100)
  t.equal(received.length, arrived, 'no requests after stop()')
})
