import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { fromTemplates, named, podOf, VARIANTS } from '../unit/k3s/rendered.ts'

/*
 * The scripts of templates/k3s/redis-sentinel.yaml, its probe of readiness among them, with real Redis servers and
 * Sentinels. Each "pod" has an address of its own on the loopback, another one in each of its lives, as in a cluster.
 * The cluster's names are told by two small programs: the Service redis-sentinel leads to a pod that is ready.
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
if (probe?.exec === undefined) throw new Error('no probe of readiness')
const READY = probe.exec.command
/** So long it may take. */
const READY_SECONDS = probe.timeoutSeconds ?? 1

/** Of the cluster's names: a file with the address of each. */
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

/** A pod: Redis and the Sentinel beside it. */
class Pod {
  readonly name: string
  readonly #number: number
  #lives = 0
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
    return `127.77.${this.#lives}.${10 + this.#number}`
  }

  /** Its volume is kept, all else is new. */
  start(): void {
    this.#lives++
    const own = path.join(folder, this.name)
    rmSync(path.join(own, 'run'), { recursive: true, force: true })
    for (const each of ['run', 'data', 'config', 'scripts', 'auth'])
      mkdirSync(path.join(own, each), { recursive: true })
    const moved = (text: string): string =>
      text
        .replaceAll('/run/secrets/redis', `${own}/auth`)
        .replaceAll('/run/redis', `${own}/run`)
        .replaceAll('/etc/redis-counter', `${own}/config`)
        .replaceAll('/etc/redis-sentinel', `${own}/scripts`)
        .replaceAll('/var/lib/redis', `${own}/data`)
        .replaceAll('protected-mode no', `protected-mode no\nbind ${this.address}`)
    writeFileSync(path.join(own, 'auth/auth.conf'), `requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\n`)
    for (const [name, text] of Object.entries(data('redis'))) writeFileSync(path.join(own, 'config', name), moved(text))
    for (const [name, text] of Object.entries(data('redis-sentinel')))
      writeFileSync(path.join(own, 'scripts', name), moved(text))
    writeFileSync(path.join(names, `${this.name}.redis-pods`), `${this.address}\n`)
    // A group of its own that ends with its pipe: also when this test is killed.
    const guarded = '{ cat <&3; kill -9 0; } >/dev/null 2>&1 & exec 3<&-; exec sh "$1"'
    this.#processes = ['redis.sh', 'sentinel.sh'].map((script) =>
      spawn('dash', ['-c', guarded, 'dash', path.join(own, 'scripts', script)], {
        env: this.#env,
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
    )
  }

  /** Without a goodbye. */
  async kill(): Promise<void> {
    const running = this.#processes
    this.#processes = []
    await Promise.all(
      running.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve()
            child.once('exit', () => {
              resolve()
            })
            process.kill(-(child.pid as number), 'SIGKILL')
          }),
      ),
    )
  }

  #ask(port: number, words: readonly string[], env: NodeJS.ProcessEnv): string {
    return execFileSync(which('redis-cli'), ['-h', this.address, '-p', String(port), ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  }

  redis(...words: string[]): string {
    return this.#ask(6379, words, { REDISCLI_AUTH: PASSWORD })
  }

  /** What the manifest's probe says. */
  isReady(): boolean {
    const [command, ...words] = READY.map((word) =>
      word.replace('/etc/redis-sentinel', path.join(folder, this.name, 'scripts')),
    )
    return (
      spawnSync(command as string, words, { env: this.#env, stdio: 'ignore', timeout: READY_SECONDS * 1000 }).status ===
      0
    )
  }

  /** The replicas that its Sentinel has heard of, also those of other lives. */
  replicas(): string[] {
    return (JSON.parse(this.#ask(26379, ['--json', 'sentinel', 'replicas', 'counter'], {})) as { ip: string }[]).map(
      ({ ip }) => ip,
    )
  }

  /** What its Sentinel says of the master. */
  told(field: string): string | undefined {
    const said = this.#ask(26379, ['sentinel', 'master', 'counter'], {}).split('\n')
    return said[said.indexOf(field) + 1]
  }
}

const pods = [new Pod(0), new Pod(1), new Pod(2)] as const
t.teardown(async () => {
  await Promise.all(pods.map((pod) => pod.kill()))
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Sentinels whose votes were split try again after twice their failover-timeout, which is half a minute: so several of
 * those.
 */
async function eventually<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 1500; tries++) {
    try {
      const seen = look()
      if (seen !== undefined) return seen
    } catch {
      /* it does not answer yet */
    }
    await sleep(200)
  }
  throw new Error(`${what}: never; ${pods.map(stateOf).join('; ')}`)
}

/** What a pod says of itself and of the master, for a test that fails. */
function stateOf(pod: Pod): string {
  try {
    const role = pod.redis('role').split('\n').slice(0, 4).join(' ')
    return `${pod.name} (${pod.address}): ${role}, its Sentinel: master ${pod.told('ip')} (${pod.told('flags')}), ${pod.told('num-other-sentinels')} others, replicas ${pod.replicas().join(' ')}`
  } catch (error) {
    return `${pod.name} (${pod.address}): ${(error as Error).message}`
  }
}

/** The Service of the Sentinels leads to a pod that is ready. */
const leadsTo = (pod: Pod): void => {
  writeFileSync(path.join(names, 'redis-sentinel'), `${pod.address}\n`)
}
const others = (pod: Pod): Pod[] => pods.filter((other) => other !== pod)

const whole = (): Promise<Pod> =>
  eventually('one master, two replicas of it, three Sentinels that know each other, all ready', () => {
    const masters = pods.filter((pod) => pod.redis('role').startsWith('master'))
    const [master] = masters
    if (master === undefined || masters.length > 1) return undefined
    if ((master.redis('info', 'replication').match(/^slave\d+:.*state=online/gm) ?? []).length !== 2) return undefined
    if (!pods.every((pod) => pod.told('ip') === master.address && pod.told('num-other-sentinels') === '2'))
      return undefined
    return pods.every((pod) => pod.isReady()) ? master : undefined
  })

await t.test('three come up one after the other, the first as master', async (t) => {
  for (const pod of pods) {
    pod.start()
    await eventually(`${pod.name} is ready`, () => (pod.isReady() ? true : undefined))
    leadsTo(pod)
  }
  t.equal((await whole()).name, 'redis-0')
})

await t.test(
  'the pod of the master is killed and comes back at once, at another address: it joins those that went on, again and again',
  async (t) => {
    // The third time fails where a Sentinel that is back counts as one more: two of five are no majority.
    for (let i = 1; i <= 4; i++) {
      const master = await whole()
      for (const pod of pods) {
        const known = pod.replicas()
        t.strictSame(
          others(master)
            .filter(({ address }) => !known.includes(address))
            .map(({ name }) => name),
          [],
          `who could take over is known to the Sentinel of ${pod.name}`,
        )
      }
      t.equal(master.redis('incr', 'counter'), String(i))
      await eventually('the replicas have it', () =>
        pods.every((pod) => pod.redis('get', 'counter') === String(i)) ? true : undefined,
      )
      await master.kill()
      leadsTo(others(master)[0] as Pod)
      master.start()
      const next = await whole()
      t.not(next.name, master.name, `kill ${i}, of ${master.name}: ${next.name} is master`)
      t.strictSame(
        pods.map((pod) => pod.redis('get', 'counter')),
        [String(i), String(i), String(i)],
        'nothing is lost',
      )
    }
  },
)
