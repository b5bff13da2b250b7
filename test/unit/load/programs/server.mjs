// A web server of known latency: `node server.mjs {"latency":20,"replicas":4}`. Prints its port, exits with its stdin.
// Like a layer 4 load balancer, it uses the next replica for each new connection.
import http from 'node:http'

/**
 * @typedef {object} Options
 * @property {number} [latency]
 * @property {number} [replicas]
 * @property {boolean} [headers]
 * @property {number} [stallAfter]
 * @property {number} [stallFor]
 */
const {
  latency = 0,
  replicas = 1,
  headers = true,
  stallAfter,
  stallFor = 0,
} = /** @type {Options} */ (JSON.parse(process.argv[2] ?? '{}'))
/** @type {Record<string, number>} */
const seen = {}
let connections = 0
/** @type {number | undefined} */
let firstAt
/** @type {(string | undefined)[]} */
const addresses = []
/** @type {WeakMap<import('node:stream').Duplex, number>} */
const numbers = new WeakMap()

const server = http.createServer((request, response) => {
  const { url, method, socket } = request
  if (url === '/seen') {
    response.end(JSON.stringify({ requests: seen, connections, from: [...new Set(addresses)] }))
    return
  }
  const now = Date.now()
  firstAt ??= now
  seen[`${method} ${url}`] = (seen[`${method} ${url}`] ?? 0) + 1
  if (url === '/never') return
  if (url === '/break') {
    socket.destroy()
    return
  }
  const replica = `r${(numbers.get(socket) ?? 0) % replicas}`
  const stalled = stallAfter !== undefined && now - firstAt >= stallAfter ? firstAt + stallAfter + stallFor - now : 0
  setTimeout(
    () => {
      const body = JSON.stringify({ count: 1, replica, node: `n-${replica}` })
      if (headers) response.setHeader('X-Replica', replica).setHeader('X-Node', `n-${replica}`)
      response.statusCode = url === '/fail' ? 503 : 200
      response.setHeader('Content-Length', body.length).end(body)
    },
    Math.max(latency, stalled),
  )
})
server.on('connection', (socket) => {
  numbers.set(socket, connections++)
  addresses.push(socket.remoteAddress)
})
// Only the generator closes connections.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${/** @type {import('node:net').AddressInfo} */ (server.address()).port}\n`)
})
process.stdin
  .on('end', () => {
    process.exit()
  })
  .resume()
