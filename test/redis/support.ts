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
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from '../../playbooks/images/table.ts'

/** With all that a shell or a configuration could stumble over. */
export const PASSWORD = 'a "quoted" $word and \\ a backslash\'s'

const script = (name: string): string => path.join(ROOT, 'app/images', name)

/**
 * Ports that were free a moment ago, and whose sum with 10000 is one, too: a cluster's nodes talk to each other there.
 * Both are below those that outgoing connections get, so that none of these takes one before it is used, or while its
 * server is away.
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
        void (server.address() as AddressInfo).port
        server.close(() => {
          resolve(true)
        })
      })
  })

const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 64 * 2 ** 20

/**
 * A folder in memory where there is such a place, else on the disk; `later` is told how to remove it. Sentinels and the
 * nodes of a cluster write down what changes and wait for the disk, whatever is said of fsync: on a busy one they
 * answer nobody for seconds.
 */
export function quickFolder(later: (remove: () => void) => void): string {
  const dir = mkdtempSync(path.join(hasMemory() ? MEMORY : tmpdir(), 'labbook-redis-'))
  later(() => {
    rmSync(dir, { recursive: true, force: true })
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

/** Redis processes as the containers run them, with one shell; each with a folder of its own. */
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
      // Without fsync what was written still outlives a killed process.
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
    const [shell = '', ...words] = this.#shell
    // A group of its own, as a container is: what looks after the server ends with it, and all of it when this test is
    // killed, as then its end of the pipe is closed.
    const guarded = '{ cat <&3; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec "$@"'
    this.#running.set(
      String(port),
      spawn('dash', ['-c', guarded, 'dash', shell, ...words, script('redis.sh'), role], {
        env: this.#settings(port, environment),
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
    )
  }

  /** As when the power goes. */
  async kill(port: number): Promise<void> {
    const child = this.#running.get(String(port))
    this.#running.delete(String(port))
    if (child?.pid === undefined) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      return // it has ended by itself
    }
    if (child.exitCode === null && child.signalCode === null) await ended
  }

  async killAll(): Promise<void> {
    for (const port of [...this.#running.keys()]) await this.kill(Number(port))
  }

  /** Its volume is lost. */
  forget(port: number): void {
    rmSync(path.join(this.#dir, String(port)), { recursive: true, force: true })
  }

  /** Each of these gets the place, and so the address, of the next, and the last that of the first. */
  moveOn(ports: readonly number[]): void {
    const at = (name: string | number): string => path.join(this.#dir, String(name))
    renameSync(at(ports.at(-1) as number), at('moving'))
    for (let i = ports.length - 2; i >= 0; i--) renameSync(at(ports[i] as number), at(ports[i + 1] as number))
    renameSync(at('moving'), at(ports[0] as number))
  }

  /** The exit code of the health check, as Docker would see it. */
  health(port: number, role: string): number | null {
    const [shell = '', ...words] = this.#shell
    return spawnSync(shell, [...words, script('redis.sh'), 'health', role], { env: this.#settings(port) }).status
  }

  admin(
    words: readonly string[],
    environment: Record<string, string> = {},
  ): { code: number | null; out: string; err: string } {
    const [shell = '', ...more] = this.#shell
    const { status, stdout, stderr } = spawnSync(shell, [...more, script('redis-admin.sh'), ...words], {
      env: { ...this.#environment, REDIS_WAIT_SECONDS: '120', ...environment },
      input: `${PASSWORD}\n`,
      encoding: 'utf8',
    })
    return { code: status, out: stdout.trim(), err: stderr.trim() }
  }

  redis(port: number, ...words: string[]): string {
    return spawnSync('redis-cli', ['--raw', '-p', String(port), ...words], {
      env: { PATH: process.env.PATH ?? '', REDISCLI_AUTH: PASSWORD },
      encoding: 'utf8',
    }).stdout.trim()
  }

  role(port: number): string {
    return this.redis(port, 'role').split('\n')[0] ?? ''
  }
}

/**
 * Only what never happens takes so long: Sentinels that a stall of two seconds has made doubt their clock do nothing
 * for 30 s.
 */
const PATIENCE_MS = 120_000

/** Waits until something holds; what never will is told by a throw. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const ends = performance.now() + PATIENCE_MS; performance.now() < ends; ) {
    if (holds()) return
    await sleep(100)
  }
  throw new Error(`still not so: ${what}`)
}
