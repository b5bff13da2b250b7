import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

/**
 * The engine runs in a separate thread, as the tests wait for their shells. It responds as the file in its directory
 * says, which it reads at each request, and records the requests. Plain text, because Node 20 loads no TypeScript into
 * a thread.
 */
const SERVER = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs')
const { createServer } = require('node:http')
const { parentPort, workerData: { socket, folder } } = require('node:worker_threads')
createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const key = request.method + ' ' + request.url.split('?')[0]
    const asked = { request: request.method + ' ' + request.url, body: Buffer.concat(parts).toString() }
    appendFileSync(folder + '/requests.jsonl', JSON.stringify(asked) + '\\n')
    const routes = existsSync(folder + '/routes.json') ? JSON.parse(readFileSync(folder + '/routes.json', 'utf8')) : {}
    const [status, body, headers] = routes[key] ?? [404, { message: 'no such route: ' + key }]
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body) + '\\n')
  })
}).listen(socket, function () { parentPort.postMessage(this.address()) })
`

export type Routes = Readonly<
  Record<string, readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>]>
>

/** A Docker engine with predefined responses, on a separate socket; real curl talks to it. */
export interface FakeEngine {
  readonly folder: string
  readonly port: number
  /** For the scripts under test. */
  readonly env: Readonly<Record<string, string>>
  answer(routes: Routes): void
  requests(): { request: string; body: string }[]
  close(): Promise<void>
}

export async function fakeEngine(): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-engine-'))
  return serve(folder, join(folder, 'docker.sock'))
}

/** A registry over plain HTTP on a port of the loopback. */
export const fakeRegistry = async (): Promise<FakeEngine> => serve(mkdtempSync(join(tmpdir(), 'labbook-registry-')), 0)

async function serve(folder: string, socket: string | number): Promise<FakeEngine> {
  const worker = new Worker(SERVER, { eval: true, workerData: { socket, folder } })
  const [address] = (await once(worker, 'message')) as [string | { port: number }]
  return {
    folder,
    port: typeof address === 'string' ? 0 : address.port,
    env: { DOCKER_HOST: `unix://${socket}` },
    answer: (routes) => {
      writeFileSync(join(folder, 'routes.json'), JSON.stringify(routes))
    },
    requests: () => {
      const log = join(folder, 'requests.jsonl')
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
      rmSync(log, { force: true })
      return lines.map((line) => JSON.parse(line) as { request: string; body: string })
    },
    close: async () => {
      await worker.terminate()
      rmSync(folder, { recursive: true })
    },
  }
}
