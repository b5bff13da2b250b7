import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Test } from 'tap'

/**
 * Responds in a separate thread, because the shells under test block this one. `/echo` returns the request,
 * `/status/N` responds with N, `/changing` with another text each time, `/file` is a file and `/SUMS` the list with its
 * checksum, `/zipped` is compressed JSON; `pages` are more paths, each with type and body; anything else is 404.
 */
const SERVER = `
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const { parentPort, workerData } = require('node:worker_threads')
const file = Buffer.from(workerData.file)
const sum = createHash('sha256').update(file).digest('hex')
let count = 0
const server = createServer((request, response) => {
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    const { method, url, headers } = request
    const send = (status, type, body) => response.writeHead(status, { 'content-type': type }).end(body)
    if (url === '/file') send(200, 'application/octet-stream', file)
    else if (url === '/private' && headers['x-token'] === workerData.token) send(200, 'text/plain', 'for you')
    else if (url === '/SUMS') send(200, 'text/plain', '0'.repeat(64) + '  other\\n' + sum + ' *./file\\n')
    else if (url === '/changing') send(200, 'text/plain', 'page ' + ++count)
    else if (url === '/moved') response.writeHead(302, { location: '/file' }).end()
    else if (url === '/zipped') {
      const body = require('node:zlib').gzipSync('{"a":1}')
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body)
    }
    else if (url.startsWith('/echo')) {
      const body = Buffer.concat(pieces).toString()
      send(200, 'application/json', JSON.stringify({ method, url, headers, body }))
    }
    else if (workerData.pages[url]) send(200, ...workerData.pages[url])
    else if (url.startsWith('/status/')) send(Number(url.slice(8)), 'text/plain', 'a\\nb\\n')
    else send(404, 'text/plain', 'not here')
  })
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

/** Starts the server on loopback; it ends with the test. Gives its port. */
export const serve = (
  t: Test,
  file: Buffer = Buffer.from('a file\n'),
  token = '',
  pages: Readonly<Record<string, readonly [type: string, body: string]>> = {},
): Promise<number> => start(t, SERVER, { file, token, pages })

const SILENT = `
const { createServer } = require('node:net')
const server = createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}) })
server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port))
`

/** A server that takes connections, says nothing and never closes one. Gives its port. */
export const keepSilent = (t: Test): Promise<number> => start(t, SILENT, {})

async function start(t: Test, code: string, workerData: object): Promise<number> {
  const worker = new Worker(code, { eval: true, workerData, execArgv: [] })
  t.teardown(async () => {
    await worker.terminate()
  })
  const [port] = (await once(worker, 'message')) as [number]
  return port
}
