// A small web server for the node's loopback: started in its network namespace, with the Node.js of this machine.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

/** @type {Readonly<Record<string, Buffer>>} */
const files = {
  '/text.txt': Buffer.from('fetched\nkey=1\n'),
  '/binary.dat': Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 11) % 256)),
  '/empty': Buffer.alloc(0),
}
const sums = Object.entries(files)
  .map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name.slice(1)}\n`)
  .join('')

createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://node')
  const found = pathname === '/sums' ? Buffer.from(sums) : files[pathname]
  request.resume().on('end', () => {
    if (pathname === '/json') response.writeHead(200, { 'content-type': 'application/json' }).end('{"answer": 42}')
    else if (pathname === '/post') response.writeHead(request.method === 'POST' ? 201 : 405).end('posted')
    else if (found === undefined) response.writeHead(404).end('nothing here')
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found)
  })
}).listen(8080, '127.0.0.1', () => process.stdout.write('listening\n'))
