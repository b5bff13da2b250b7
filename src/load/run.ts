import { spawn } from 'node:child_process'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { readPlan, type PlanInput } from './plan.ts'
import type { LoadResult } from './result.ts'

const WORKER = path.resolve(import.meta.dirname, '../cli/worker.mjs')
const PROGRAM = path.join(import.meta.dirname, 'program.ts')
/** Seconds beyond the load and its last answers in which the program starts and ends. */
const AROUND = 30

/**
 * Puts a load on servers from a process of its own, so that neither waits for the other's event loop. It ends by itself
 * when this process is gone.
 *
 * @param signal - ends the load at once.
 * @returns what was measured; `ended` says whether all of it.
 * @throws {Refusal} where the plan is none; Error where the program failed, or the signal's reason once it was aborted.
 */
export async function runLoad(given: PlanInput, signal?: AbortSignal): Promise<LoadResult> {
  const plan = readPlan(given)
  signal?.throwIfAborted()
  const child = spawn(process.execPath, [WORKER, PROGRAM, 'load'], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const limit = setTimeout(
    () => {
      child.kill('SIGKILL')
    },
    (plan.warmup + plan.seconds + plan.timeLimit + AROUND) * 1000,
  )
  try {
    child.stdin?.on('error', () => undefined) // It ended before it read; its exit code tells.
    child.stdin?.end(JSON.stringify(plan))
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      ended,
    ])
    signal?.throwIfAborted()
    if (code !== 0)
      throw new Error(
        `the load generator failed: ${stderr.trim() || (code === null ? 'it was killed' : `exit code ${code}`)}`,
      )
    return JSON.parse(stdout) as LoadResult
  } finally {
    clearTimeout(limit)
    signal?.removeEventListener('abort', stop)
  }
}
