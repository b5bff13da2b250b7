import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { addressOf, nameOf, type World } from './world.ts'

/** Running hosts. */
export interface Hosts {
  readonly names: readonly string[]
  /** The root of each host as seen by its sshd, via /proc. */
  readonly roots: readonly string[]
  /** Log lines of the sshds so far. */
  log(): string
  /** Waits until all SSH sessions have ended, so that all CPU time is counted. */
  quiet(): Promise<void>
  /** Kills the sshds and all sessions; keeps the hosts' files. */
  stop(): Promise<void>
}

/** Debian's settings, except for one generated host key, no file in /run, and its own address. */
const SSHD = ['-D', '-e', '-o', 'HostKey=/etc/ssh/ssh_host_ed25519_key', '-o', 'PidFile=none']

/**
 * Becomes the sshd of a host: $1 cgroup, $2 lower layers, $3 directory of the host, $4 mount point, $5 devices, $6
 * name, $7 arguments of sshd. pivot_root hides all other files.
 */
const HOST = `
set -e
echo $$ >"$1"
mount -t overlay -o "lowerdir=$2,upperdir=$3/upper,workdir=$3/work" overlay "$4"
mount --rbind "$5" "$4/dev"
mount --rbind /proc "$4/proc"
hostname "$6"
cd "$4"
pivot_root . mnt
umount -l mnt
shift 6
exec /usr/sbin/sshd "$@"`

const PORT_22 = ':0016'
const LISTEN = '0A'

const listening = (): number =>
  readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/)
      return local.endsWith(PORT_22) && state === LISTEN
    }).length

/**
 * Starts `count` hosts on the files in `state`; a new directory gives clean hosts.
 *
 * @throws {Error} with the log of sshd, if one does not listen after a minute.
 */
export async function startHosts(world: World, state: string, count: number): Promise<Hosts> {
  const indexes = Array.from({ length: count }, (_, index) => index)
  const logFile = path.join(world.directory, 'sshd.log')
  rmSync(logFile, { force: true })
  const limit = pLimit(8)
  const ended: Promise<void>[] = []
  const start = async (index: number): Promise<number> => {
    const own = path.join(state, nameOf(index))
    for (const part of ['upper', 'work']) mkdirSync(path.join(own, part), { recursive: true })
    const log = openSync(logFile, 'a')
    const child = spawn(
      'unshare',
      [
        '--mount',
        '--uts',
        '--propagation',
        'private',
        '--',
        'sh',
        '-c',
        HOST,
        'sh',
        world.targets.procs,
        `${world.seed}:${world.base}`,
        own,
        path.join(world.directory, 'merged'),
        path.join(world.directory, 'dev'),
        nameOf(index),
        ...SSHD,
        '-o',
        `ListenAddress=${addressOf(index)}`,
      ],
      { stdio: ['ignore', log, log], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
    )
    closeSync(log)
    ended.push(new Promise((resolve) => child.on('exit', () => resolve())))
    // Limited, since the kernel serializes mounts.
    for (let turn = 0; child.exitCode === null && !isSshd(child.pid) && turn < 3000; turn++) await sleep(5)
    return child.pid ?? 0
  }
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  const pids = await Promise.all(indexes.map((index) => limit(() => start(index))))
  for (let turn = 0; listening() < count; turn++) {
    if (turn === 3000) throw new Error(`only ${listening()} of ${count} sshds listen:\n${log().slice(-2000)}`)
    await sleep(20)
  }
  return {
    names: indexes.map(nameOf),
    roots: pids.map((pid) => `/proc/${pid}/root`),
    log,
    async quiet() {
      for (let turn = 0; world.targets.pids().length > count && turn < 1000; turn++) await sleep(10)
    },
    async stop() {
      await world.targets.end()
      await Promise.all(ended)
    },
  }
}

function isSshd(pid: number | undefined): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sshd'
  } catch {
    return false
  }
}
