import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

export type Routes = Readonly<Record<string, readonly [status: number, body: unknown]>>

/** A Docker engine that gives the answers it is told, on a socket of its own; real curl talks to it. */
export interface FakeEngine {
  readonly folder: string
  /** For the scripts under test. */
  readonly env: Readonly<Record<string, string>>
  answer(routes: Routes): void
  requests(): { request: string; body: string }[]
  close(): Promise<void>
}

export async function fakeEngine(): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-engine-'))
  const socket = join(folder, 'docker.sock')
  const worker = new Worker(new URL('./engine-worker.mjs', import.meta.url), { workerData: { socket, folder } })
  await once(worker, 'message')
  return {
    folder,
    env: { DOCKER_HOST: `unix://${socket}` },
    answer: (routes) => { writeFileSync(join(folder, 'routes.json'), JSON.stringify(routes)) },
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
