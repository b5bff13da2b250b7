import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { fromTemplates, named, podOf, VARIANTS } from '../unit/playbooks/k3s/rendered.ts'

/*
 * Runs the scripts of templates/k3s/redis-sentinel.yaml, including the readiness probe, with real Redis servers and
 * Sentinels. Each "pod" gets a new loopback address at every start, as in a cluster. Two wrapper programs replace
 * cluster DNS: the Service redis-sentinel resolves to a ready pod.
 */

const PASSWORD = 'not-a-real-password'
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-k3s-redis-'))
const manifest = VARIANTS.find(({ name }) => name === 'with Sentinel')
if (manifest === undefined) throw new Error('no variant with Sentinel')
const objects = fromTemplates(manifest)
const data = (name: string): Record<string, string> =>
  (named(objects, 'ConfigMap', name) as unknown as { data: Record<string, string> }).data
const program = (name: string, text: string): void => {
  mkdirSync(path.join(folder, 'bin'), { recursive: true })
  writeFileSync(path.join(folder, 'bin', name), `#!/bin/sh\n${text}`)
  chmodSync(path.join(folder, 'bin', name), 0o755)
}
const probe = podOf(named(objects, 'StatefulSet', 'redis')).containers.find(
  ({ name }) => name === 'redis',
)?.readinessProbe
if (probe?.exec === undefined) throw new Error('no readiness probe')
const READY = probe.exec.command
/** Timeout of the probe. */
const READY_SECONDS = probe.timeoutSeconds ?? 1

/** Fake DNS: one file per name with its address. */
const names = path.join(folder, 'names')
mkdirSync(names)
program(
  'redis-cli',
  `[ "$1" = -h ] || set -- -h "$POD_IP" "$@"
if [ -e "${names}/$2" ]; then read -r address <"${names}/$2"; shift 2; set -- -h "$address" "$@"; fi
exec ${which('redis-cli')} "$@"\n`,
)
program('getent', `read -r address <"${names}/$2" && echo "$address $2"\n`)

function which(name: string): string {
  return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
}

/** A pod with Redis and a Sentinel. */
class Pod {
  readonly name: string
  readonly #number: number
  #starts = 0
  #processes: ChildProcess[] = []

  constructor(number: number) {
    this.#number = number
    this.name = `redis-${number}`
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      PATH: `${folder}/bin:${process.env.PATH ?? ''}`,
      POD_IP: this.address,
      HOSTNAME: this.name,
      REDISCLI_AUTH: PASSWORD,
    }
  }

  get address(): string {
    return `127.77.${this.#starts}.${10 + this.#number}`
  }

  /** Starts the pod again: only its volume is kept. */
  start(): void {
    this.#starts++
    const own = path.join(folder, this.name)
    rmSync(path.join(own, 'run'), { recursive: true, force: true })
    for (const each of ['run', 'data', 'config', 'scripts', 'auth'])
      mkdirSync(path.join(own, each), { recursive: true })
    const relocated = (text: string): string =>
      text
        .replaceAll('/run/secrets/redis', `${own}/auth`)
        .replaceAll('/run/redis', `${own}/run`)
        .replaceAll('/etc/redis-counter', `${own}/config`)
        .replaceAll('/etc/redis-sentinel', `${own}/scripts`)
        .replaceAll('/var/lib/redis', `${own}/data`)
        .replaceAll('protected-mode no', `protected-mode no\nbind ${this.address}`)
    writeFileSync(path.join(own, 'auth/auth.conf'), `requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\n`)
    for (const [name, text] of Object.entries(data('redis')))
      writeFileSync(path.join(own, 'config', name), relocated(text))
    for (const [name, text] of Object.entries(data('redis-sentinel')))
      writeFileSync(path.join(own, 'scripts', name), relocated(text))
    writeFileSync(path.join(names, `${this.name}.redis-pods`), `${this.address}\n`)
    // A process group that ends when its pipe closes, even if this test is killed.
    const guarded = '{ cat <&3; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec sh "$1"'
    this.#processes = ['redis.sh', 'sentinel.sh'].map((script) =>
      spawn('dash', ['-c', guarded, 'dash', path.join(own, 'scripts', script)], {
        env: this.#env,
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
    )
  }

  /** Kills the pod without a graceful shutdown. */
  async kill(): Promise<void> {
    const running = this.#processes
    this.#processes = []
    await Promise.all(
      running.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) {
              resolve()
              return
            }
            child.once('exit', () => {
              resolve()
            })
            process.kill(-(child.pid as number), 'SIGKILL')
          }),
      ),
    )
  }

  #query(port: number, args: readonly string[], env: NodeJS.ProcessEnv): string {
    return execFileSync(which('redis-cli'), ['-h', this.address, '-p', String(port), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  }

  redis(...args: string[]): string {
    return this.#query(6379, args, { REDISCLI_AUTH: PASSWORD })
  }

  /** Runs the manifest's readiness probe. */
  isReady(): boolean {
    const [command, ...args] = READY.map((arg) =>
      arg.replace('/etc/redis-sentinel', path.join(folder, this.name, 'scripts')),
    )
    return (
      spawnSync(command as string, args, { env: this.#env, stdio: 'ignore', timeout: READY_SECONDS * 1000 }).status ===
      0
    )
  }

  /** Replicas known to its Sentinel, including those with earlier addresses. */
  replicas(): string[] {
    return (JSON.parse(this.#query(26379, ['--json', 'sentinel', 'replicas', 'counter'], {})) as { ip: string }[]).map(
      ({ ip }) => ip,
    )
  }

  /** A field of the master in its Sentinel. */
  masterField(field: string): string | undefined {
    const lines = this.#query(26379, ['sentinel', 'master', 'counter'], {}).split('\n')
    return lines[lines.indexOf(field) + 1]
  }
}

const pods = [new Pod(0), new Pod(1), new Pod(2)] as const
t.teardown(async () => {
  await Promise.all(pods.map((pod) => pod.kill()))
  rmSync(folder, { recursive: true, force: true })
})

/** Polls long enough for several elections: after a split vote Sentinels retry after twice failover-timeout (30 s). */
async function eventually<T>(condition: string, probe: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 1500; tries++) {
    try {
      const result = probe()
      if (result !== undefined) return result
    } catch {
      /* not answering yet */
    }
    await sleep(200)
  }
  throw new Error(`timed out: ${condition}; ${pods.map(stateOf).join('; ')}`)
}

/** State of a pod, for the message of a failed test. */
function stateOf(pod: Pod): string {
  try {
    const role = pod.redis('role').split('\n').slice(0, 4).join(' ')
    return `${pod.name} (${pod.address}): ${role}, its Sentinel: master ${pod.masterField('ip')} (${pod.masterField('flags')}), ${pod.masterField('num-other-sentinels')} others, replicas ${pod.replicas().join(' ')}`
  } catch (error) {
    return `${pod.name} (${pod.address}): ${(error as Error).message}`
  }
}

/** Points the Service of the Sentinels to a ready pod. */
const pointServiceTo = (pod: Pod): void => {
  writeFileSync(path.join(names, 'redis-sentinel'), `${pod.address}\n`)
}
const others = (pod: Pod): Pod[] => pods.filter((other) => other !== pod)

const healthy = (): Promise<Pod> =>
  eventually('one master, two replicas of it, three Sentinels that know each other, all ready', () => {
    const masters = pods.filter((pod) => pod.redis('role').startsWith('master'))
    const [master] = masters
    if (master === undefined || masters.length > 1) return undefined
    if ((master.redis('info', 'replication').match(/^slave\d+:.*state=online/gm) ?? []).length !== 2) return undefined
    if (
      !pods.every((pod) => pod.masterField('ip') === master.address && pod.masterField('num-other-sentinels') === '2')
    )
      return undefined
    return pods.every((pod) => pod.isReady()) ? master : undefined
  })

await t.test('pods start one after the other, the first as master', async (t) => {
  for (const pod of pods) {
    pod.start()
    await eventually(`${pod.name} is ready`, () => (pod.isReady() ? true : undefined))
    pointServiceTo(pod)
  }
  t.equal((await healthy()).name, 'redis-0')
})

await t.test('killed master pod rejoins with a new address as a replica, repeatedly', async (t) => {
  // The third kill fails if restarted Sentinels count as additional ones: two of five are no majority.
  for (let i = 1; i <= 4; i++) {
    const master = await healthy()
    for (const pod of pods) {
      const knownReplicas = pod.replicas()
      t.strictSame(
        others(master)
          .filter(({ address }) => !knownReplicas.includes(address))
          .map(({ name }) => name),
        [],
        `the Sentinel of ${pod.name} knows all replicas`,
      )
    }
    t.equal(master.redis('incr', 'counter'), String(i), `kill ${i}`)
    await eventually('the replicas have the count', () =>
      pods.every((pod) => pod.redis('get', 'counter') === String(i)) ? true : undefined,
    )
    await master.kill()
    pointServiceTo(others(master)[0] as Pod)
    master.start()
    const next = await healthy()
    t.not(next.name, master.name, `kill ${i}, of ${master.name}: ${next.name} is master`)
    t.strictSame(
      pods.map((pod) => pod.redis('get', 'counter')),
      [String(i), String(i), String(i)],
      `kill ${i}: no increment is lost`,
    )
  }
})
