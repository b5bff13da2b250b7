import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

/** Answers as the files in its folder say, read anew for each request, and keeps what it was asked. */
const { socket, folder } = workerData

createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const key = `${request.method} ${path}`
    appendFileSync(`${folder}/requests.jsonl`, `${JSON.stringify({ request: `${request.method} ${request.url}`, body: Buffer.concat(parts).toString() })}\n`)
    const routes = existsSync(`${folder}/routes.json`) ? JSON.parse(readFileSync(`${folder}/routes.json`, 'utf8')) : {}
    const [status, body] = routes[key] ?? [404, { message: `no such route: ${key}` }]
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
  })
}).listen(socket, () => parentPort?.postMessage('ready'))
