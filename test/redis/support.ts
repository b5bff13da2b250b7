import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../../playbooks/app/images/table.ts'

/** Contains the special characters of shells and of redis.conf. */
export const PASSWORD = 'a "quoted" $word and \\ a backslash\'s'

const script = (name: string): string => path.join(ROOT, 'app/images', name)

/**
 * Free ports whose cluster bus port (port + 10000) is free, too. Both are below the ephemeral range, so that no
 * outgoing connection takes one while its server is down.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count && tries < 1000; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 5000)
    if (!ports.includes(port) && (await isFree(port)) && (await isFree(port + 10_000))) ports.push(port)
  }
  return ports
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => {
        resolve(false)
      })
      .listen(port, '0.0.0.0', () => {
        server.close(() => {
          resolve(true)
        })
      })
  })

const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 64 * 2 ** 20

/**
 * A temporary directory in memory if possible, else on disk; `onTeardown` receives its cleanup. Sentinels and cluster
 * nodes fsync their state regardless of appendfsync, and would block for seconds on a busy disk.
 */
export function quickFolder(onTeardown: (remove: () => void) => void): string {
  return folderIn(hasMemory() ? MEMORY : tmpdir(), onTeardown)
}

/**
 * A temporary directory for programs, which memory may not execute. Not `t.testdir()`: tap removes that while the
 * teardown still ends the servers that write there.
 */
export const programFolder = (onTeardown: (remove: () => void) => void): string => folderIn(tmpdir(), onTeardown)

function folderIn(parent: string, onTeardown: (remove: () => void) => void): string {
  const dir = mkdtempSync(path.join(parent, 'labbook-redis-'))
  onTeardown(() => {
    // A killed server may finish a system call that creates a file.
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return dir
}

function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize >= MEMORY_NEEDED
  } catch {
    return false
  }
}

/** Redis processes as in the containers, with one shell; each has its own directory. */
export class Processes {
  readonly #shell: readonly string[]
  readonly #dir: string
  readonly #environment: Record<string, string>
  readonly #running = new Map<string, ChildProcess>()

  constructor(shell: readonly string[], dir: string, environment: Record<string, string>) {
    this.#shell = shell
    this.#dir = dir
    writeFileSync(path.join(dir, 'password'), PASSWORD)
    const config = readFileSync(script('redis.conf'), 'utf8').replace('dir /var/lib/redis', `dir ${dir}`)
    writeFileSync(path.join(dir, 'base.conf'), config)
    this.#environment = {
      PATH: process.env.PATH ?? '',
      REDIS_PASSWORD_FILE: path.join(dir, 'password'),
      REDIS_CONFIG: path.join(dir, 'base.conf'),
      REDIS_ANNOUNCE_IP: '127.0.0.1',
      // Without fsync, written data still survives a killed process.
      REDIS_LOOK_SECONDS: '0.3',
      REDIS_APPENDFSYNC: 'no',
      ...environment,
    }
  }

  #settings(port: number, environment: Record<string, string> = {}): Record<string, string> {
    const own = path.join(this.#dir, String(port))
    return {
      ...this.#environment,
      REDIS_NAME: `127.0.0.1:${port}`,
      REDIS_PORT: String(port),
      REDIS_RUN: path.join(own, 'run'),
      REDIS_DATA: path.join(own, 'data'),
      ...environment,
    }
  }

  start(port: number, role: string, environment: Record<string, string> = {}): void {
    for (const folder of ['run', 'data']) mkdirSync(path.join(this.#dir, String(port), folder), { recursive: true })
    const [shell = '', ...args] = this.#shell
    // A process group like a container's: the supervising script ends with the server, and the group ends when this
    // test is killed, as its end of the pipe is closed.
    const guarded = '{ cat <&3; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec "$@"'
    this.#running.set(
      String(port),
      spawn('dash', ['-c', guarded, 'dash', shell, ...args, script('redis.sh'), role], {
        env: this.#settings(port, environment),
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
    )
  }

  /** Kills the process group, as in a power cut. */
  async kill(port: number): Promise<void> {
    const child = this.#running.get(String(port))
    this.#running.delete(String(port))
    if (child?.pid === undefined) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      return // already exited
    }
    if (child.exitCode === null && child.signalCode === null) await ended
  }

  async killAll(): Promise<void> {
    for (const port of [...this.#running.keys()]) await this.kill(Number(port))
  }

  /** Deletes its volume. */
  forget(port: number): void {
    rmSync(path.join(this.#dir, String(port)), { recursive: true, force: true })
  }

  /** Rotates the directories, and so the addresses, of these servers. */
  moveOn(ports: readonly number[]): void {
    const at = (name: string | number): string => path.join(this.#dir, String(name))
    renameSync(at(ports.at(-1) as number), at('moving'))
    for (let i = ports.length - 2; i >= 0; i--) renameSync(at(ports[i] as number), at(ports[i + 1] as number))
    renameSync(at('moving'), at(ports[0] as number))
  }

  /** Exit code of the health check. */
  health(port: number, role: string): number | null {
    const [shell = '', ...args] = this.#shell
    return spawnSync(shell, [...args, script('redis.sh'), 'health', role], { env: this.#settings(port) }).status
  }

  admin(
    args: readonly string[],
    environment: Record<string, string> = {},
  ): { code: number | null; out: string; err: string } {
    const [shell = '', ...shellArgs] = this.#shell
    const { status, stdout, stderr } = spawnSync(shell, [...shellArgs, script('redis-admin.sh'), ...args], {
      env: { ...this.#environment, REDIS_WAIT_SECONDS: '120', ...environment },
      input: `${PASSWORD}\n`,
      encoding: 'utf8',
    })
    return { code: status, out: stdout.trim(), err: stderr.trim() }
  }

  redis(port: number, ...args: string[]): string {
    return spawnSync('redis-cli', ['--raw', '-p', String(port), ...args], {
      env: { PATH: process.env.PATH ?? '', REDISCLI_AUTH: PASSWORD },
      encoding: 'utf8',
    }).stdout.trim()
  }

  role(port: number): string {
    return this.redis(port, 'role').split('\n')[0] ?? ''
  }
}

/** Long, as Sentinels enter TILT mode for 30 s after a stall of two seconds. */
const TIMEOUT_MS = 120_000

/** Polls until the condition holds; throws after the timeout. */
export async function until(condition: string, holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline; ) {
    if (holds()) return
    await sleep(100)
  }
  throw new Error(`timed out: ${condition}`)
}
