// A web server that serves one request at a time: `node queue-server.mjs`. Prints its port, exits with its stdin.
// Nine of ten requests take 5 ms, the tenth 40 ms: 118 requests per second at most, and a queue well below that.
import http from 'node:http'

const SERVICE_MS = [5, 5, 5, 5, 40, 5, 5, 5, 5, 5]
let served = 0
/** When the server is free again: times add up exactly, although timers are late. */
let freeAt = 0

const server = http.createServer((_request, response) => {
  const now = performance.now()
  freeAt = Math.max(now, freeAt) + /** @type {number} */ (SERVICE_MS[served++ % SERVICE_MS.length])
  setTimeout(() => response.end('ok'), freeAt - now)
})
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${/** @type {import('node:net').AddressInfo} */ (server.address()).port}\n`)
})
process.stdin
  .on('end', () => {
    process.exit()
  })
  .resume()
