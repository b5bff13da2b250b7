import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { headerOf, httpRequest } from '../../../../playbooks/shared/http-request.ts'

const host = '127.0.0.1'

t.test('a request: its headers, and the complete response', async (t) => {
  const server = createServer((request, response) => {
    const trickle = setInterval(() => response.write('.'), 10)
    response.on('close', () => {
      clearInterval(trickle)
    })
    if (request.url === '/trickle') return
    response.setHeader('x-node', 'n1')
    response.end(`${request.method} ${request.headers.host} ${request.headers.cookie}`)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const response = await httpRequest({ host, port, hostHeader: 'shop' }, 'POST', '/', 5000, { cookie: 'a=1' })
  t.match(response, { status: 200, body: 'POST shop a=1' })
  t.same([headerOf(response, 'x-node'), headerOf(response, 'x-replica')], ['n1', ''])
  await t.rejects(httpRequest({ host, port, slowdown: 2 }, 'GET', '/trickle', 50), {
    message: 'GET /trickle: no response within 100 ms',
  })
})
