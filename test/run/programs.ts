import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { ROOT } from './parts.ts'

export interface ProgramResult {
  /** Null if killed by a signal. */
  readonly exitCode: number | null
  /** Stdout and stderr, interleaved. */
  readonly output: string
  readonly seconds: number
  readonly timedOut: boolean
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Niceness, 0 to 19. */
  readonly niceness?: number
  readonly timeoutSeconds?: number
}

const GRACE_MS = 10_000
const running = new Set<number>()

/** Runs a program in its own process group, so that all its children end with it. Never rejects. */
export function runProgram(
  command: readonly string[],
  { env = {}, niceness = 0, timeoutSeconds }: ProgramOptions = {},
): Promise<ProgramResult> {
  const started = performance.now()
  const [program, ...args] = command
  const chunks: Buffer[] = []
  let timedOut = false
  return new Promise((resolve) => {
    const child = spawn(program as string, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid } = child
    let timer: NodeJS.Timeout | undefined
    const done = (exitCode: number | null, more = ''): void => {
      clearTimeout(timer)
      if (pid !== undefined) {
        // Leftover processes would hold ports and files of the next test.
        signal(pid, 'SIGKILL')
        running.delete(pid)
      }
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({
        exitCode,
        output: Buffer.concat(chunks).toString() + more,
        seconds: (performance.now() - started) / 1000,
        timedOut,
      })
    }
    child.once('error', (error) => {
      done(null, `${program}: ${error.message}\n`)
    })
    if (pid === undefined) return
    running.add(pid)
    lowerPriority(pid, niceness)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    if (timeoutSeconds !== undefined) {
      timer = setTimeout(() => {
        timedOut = true
        end(pid)
      }, timeoutSeconds * 1000)
    }
    // Leftover processes may hold the pipes open: read what is there, then stop waiting.
    child.once('exit', (exitCode) => {
      const late = setTimeout(() => {
        done(exitCode)
      }, 1000)
      child.once('close', () => {
        clearTimeout(late)
        done(exitCode)
      })
    })
  })
}

/** Ends all running programs, first with SIGTERM, then with SIGKILL. */
export async function endAll(): Promise<void> {
  for (const pid of running) end(pid)
  for (const until = Date.now() + GRACE_MS + 1000; running.size > 0 && Date.now() < until; )
    await new Promise((resolve) => setTimeout(resolve, 50))
}

function end(pid: number): void {
  signal(pid, 'SIGTERM')
  setTimeout(() => {
    signal(pid, 'SIGKILL')
  }, GRACE_MS).unref()
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch {
    // The group has exited.
  }
}

function lowerPriority(pid: number, niceness: number): void {
  try {
    if (niceness > 0) setPriority(pid, niceness)
  } catch {
    // It has exited, or this system does not allow it.
  }
}
