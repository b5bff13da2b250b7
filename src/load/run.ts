import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { codeFile, WORKER } from '../bundle/worker-path.ts'
import { readPlan, type PlanInput } from './plan.ts'
import type { LoadResult } from './result.ts'
import type { LoadProgress } from './tally.ts'

const PROGRAM = codeFile(import.meta.dirname, 'program')
/** Seconds for the program to start and end, beyond the load and its last responses. */
const STARTUP_SECONDS = 30

/** How the load generator on this machine is kept apart from the servers that share it. */
export interface GeneratorScheduling {
  /** The CPU that it has for itself; it may use no other. */
  readonly cpu?: number
  /** It runs before every process of the usual scheduling class. Needs root. */
  readonly realTime?: boolean
}

export interface RunLoadOptions {
  /** Ends the load at once. */
  readonly signal?: AbortSignal
  readonly scheduling?: GeneratorScheduling
  /** Called each second of the measurement. */
  readonly onProgress?: (progress: LoadProgress) => void
}

/**
 * Runs a load in a child process, so that the event loops do not delay each other. The child ends if this process is
 * gone.
 *
 * @returns the result; `ended` tells whether it is complete.
 * @throws {Refusal} if the plan is invalid; Error if the program failed; the signal's reason if aborted.
 */
export async function runLoad(
  input: PlanInput,
  { signal, scheduling = {}, onProgress }: RunLoadOptions = {},
): Promise<LoadResult> {
  const plan = readPlan(input)
  signal?.throwIfAborted()
  // The whole process, not its main thread alone: garbage collection has separate threads.
  const [program, ...args] = [
    ...(scheduling.cpu === undefined ? [] : ['taskset', '-c', String(scheduling.cpu)]),
    ...(scheduling.realTime === true ? ['chrt', '--rr', '1'] : []),
    ...[process.execPath, WORKER, PROGRAM, 'load'],
  ] as [string, ...string[]]
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
  if (onProgress !== undefined)
    child.on('message', (progress) => {
      onProgress(progress as LoadProgress)
    })
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const limit = setTimeout(
    () => {
      child.kill('SIGKILL')
    },
    (plan.warmup + plan.seconds + plan.timeLimit + STARTUP_SECONDS) * 1000,
  )
  try {
    child.stdin?.on('error', () => undefined) // It exited before reading; its exit code tells.
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
        `load generator failed: ${stderr.trim() || (code === null ? 'it was killed' : `exit code ${code}`)}`,
      )
    return JSON.parse(stdout) as LoadResult
  } finally {
    clearTimeout(limit)
    signal?.removeEventListener('abort', stop)
  }
}
