import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Test } from 'tap'
import type { Target } from '../../../src/load/index.ts'

const SERVER = path.join(import.meta.dirname, 'programs/server.mjs')

export interface ServerOptions {
  /** Milliseconds until a response. */
  readonly latency?: number
  readonly replicas?: number
  /** False: only the body names the replica. */
  readonly headers?: boolean
  /** Milliseconds after the first request until the server stalls, and the duration of the stall. */
  readonly stallAfter?: number
  readonly stallFor?: number
}

/** Statistics of a server. */
export interface ServerStatistics {
  /** By method and path. */
  readonly requests: Readonly<Record<string, number>>
  readonly connections: number
  /** Remote addresses of the connections. */
  readonly from: readonly string[]
}

export interface Server extends Target {
  statistics(): Promise<ServerStatistics>
}

/** Starts a web server in a child process, so that it does not share the event loop with the generator. */
export async function startServer(t: Test, options: ServerOptions = {}): Promise<Server> {
  const child = spawn(process.execPath, [SERVER, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => {
    const exited = once(child, 'exit')
    child.stdin.end()
    await exited
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  return {
    host: '127.0.0.1',
    port,
    statistics: async () => (await (await fetch(`http://127.0.0.1:${port}/seen`)).json()) as ServerStatistics,
  }
}
