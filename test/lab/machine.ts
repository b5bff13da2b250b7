import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { labSshOptions } from '../support/lab-ssh-options.ts'

/** Runs a command on this machine and returns its output. */
export function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${String(status)}: ${stderr}`)
  return stdout
}

/** Concurrent tests of the part `ssh` mount a full disk, and make network namespaces, which mounts /run/netns. */
const OF_SSH_TESTS = /\blabbook-spool\b| \/run\/netns /

/** Everything a lab could leave behind, as text to compare. Other labs may run beside it, such as the user's own. */
export function machineState(lab: string): Record<string, string[]> {
  const ofOthers = [OF_SSH_TESTS, new RegExp(`/lib/labbook/(?!${lab}/)`), ...otherLabs(lab)]
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '' && !ofOthers.some((other) => other.test(line)))
      .sort()
  return {
    namespaces: lines(run('ip', 'netns')),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')),
    cgroups: lines(run('find', '/sys/fs/cgroup', '-name', `${lab}-*`)),
    interfaces: lines(run('ip', '-o', 'link')).map((line) => line.split(': ')[1] as string),
    addresses: lines(run('ip', '-o', '-4', 'addr')),
    routes: lines(run('ip', 'route')),
    filter: lines(run('iptables', '-S')),
    nat: lines(run('iptables', '-t', 'nat', '-S')),
    mangle: lines(run('iptables', '-t', 'mangle', '-S')),
    forwarding: lines(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')),
    loops: lines(run('losetup', '-a')),
  }
}

/** What shows that a line of {@link machineState} is of another lab: its names, and its network. */
function otherLabs(lab: string): RegExp[] {
  const names = [...run('iptables', '-S').matchAll(/^-N LAB-(\S+)$/gm)].map(([, name = '']) => name)
  return ['labbook', ...names]
    .filter((name) => name !== lab)
    .flatMap((name) => {
      const address = run('ip', '-o', '-4', 'addr').match(`${name}0 +inet (\\d+\\.\\d+\\.\\d+\\.)`)
      return [
        new RegExp(`\\bLAB-${name}\\b|\\blabbook:${name}\\b|\\b${name}0\\b|\\b${name}-(sw|node)`),
        ...(address === null ? [] : [new RegExp(`\\b${String(address[1]).replaceAll('.', '\\.')}`)]),
      ]
    })
}

/** Polls until a condition holds, for at most a minute. */
export async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 50) {
    if (waited > 60_000) throw new Error(`timed out after a minute: ${holds.toString()}`)
    await sleep(50)
  }
}

/** The processes whose command line contains a text. */
export const processesAbout = (text: string): string[] =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(text))

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it exited meanwhile
  }
}

/** Starts a script in its own process group and kills the group as soon as a condition holds. */
export async function killMidway(script: string, when: () => boolean): Promise<void> {
  const shell = spawn('dash', [], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = new Promise((resolve) => shell.once('exit', resolve))
  shell.stdin.end(script)
  await until(when)
  process.kill(-(shell.pid as number), 'SIGKILL')
  await ended
}

/** The system's ssh client, with the host keys pinned by the lab. */
export function sshTo(dir: string) {
  const options = labSshOptions(dir)
  return {
    run: (address: string, command: string): string =>
      run('ssh', ...options, '-o', 'ConnectTimeout=30', `ops@${address}`, command).trim(),
    /** @param seconds - timeout; short if no answer is expected. */
    answers: (address: string, seconds = 30): boolean =>
      spawnSync('ssh', [...options, '-o', `ConnectTimeout=${seconds}`, `ops@${address}`, 'true'], { stdio: 'ignore' })
        .status === 0,
  }
}

export const isAlive = (pid: number): boolean => existsSync(`/proc/${String(pid)}`)
