import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, processes } from './processes.ts'

/** A real sshd on loopback, with its own keys and configuration. */
export interface Sshd {
  readonly port: number
  readonly pid: number
  /** Directory of all its files; removed by {@link Sshd.stop}. */
  readonly folder: string
  /** A private key that may log in as any user. */
  readonly keyFile: string
  readonly knownHostsFile: string
  /** Inventory variables to connect to it. */
  vars(more?: Record<string, unknown>): Record<string, unknown>
  /** Its log so far. */
  log(): string
  /** The processes that each serve one connection. */
  connections(): number[]
  stop(): Promise<void>
}

/**
 * Starts an sshd; needs root. `config` precedes the default settings, so it wins; `matches` follows them, for blocks of
 * `Match`. `within`: a wrapper command that execs sshd, for example in a namespace.
 */
export async function startSshd({
  config = [] as readonly string[],
  matches = [] as readonly string[],
  hostKeyTypes = ['ed25519'],
  within = [] as readonly string[],
} = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-sshd-'))
  const file = (name: string): string => join(folder, name)
  mkdirSync('/run/sshd', { recursive: true })
  const port = await freePort()
  for (const type of hostKeyTypes) makeKey(file(`host_${type}`), type)
  makeKey(file('id_ed25519'), 'ed25519')
  copyFileSync(file('id_ed25519.pub'), file('authorized_keys'))
  writeFileSync(
    file('sshd_config'),
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeyTypes.map((type) => `HostKey ${file(`host_${type}`)}`),
      `PidFile ${file('pid')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      'StrictModes no',
      'PermitRootLogin yes',
      'UsePAM no',
      ...matches,
      '',
    ].join('\n'),
  )
  execFileSync('chmod', ['755', folder])
  for (const type of hostKeyTypes) {
    appendFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(file(`host_${type}.pub`), 'utf8')}`)
  }
  const [command, ...args] = [...within, '/usr/sbin/sshd', '-D', '-e', '-f', file('sshd_config')]
  const sshd = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => sshd.once('exit', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    sshd.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Server listening')) resolve()
    })
    sshd.once('error', reject)
    sshd.once('exit', () => reject(new Error(`sshd did not start: ${said}`)))
  })
  const pid = sshd.pid as number
  const connections = (): number[] =>
    processes()
      .filter(({ parent }) => parent === pid)
      .map((child) => child.pid)
  return {
    port,
    pid,
    folder,
    keyFile: file('id_ed25519'),
    knownHostsFile: file('known_hosts'),
    vars: (more = {}) => ({
      ansible_host: '127.0.0.1',
      ansible_port: port,
      ansible_user: 'root',
      ansible_ssh_private_key_file: file('id_ed25519'),
      ansible_ssh_common_args: `-o UserKnownHostsFile=${file('known_hosts')}`,
      ...more,
    }),
    log: () => said,
    connections,
    stop: async () => {
      const open = connections()
      sshd.kill()
      for (const connection of open) endProcess(connection)
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** Generates a key pair; one round of its key derivation is enough for a test. */
export function makeKey(file: string, type = 'ed25519', passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-a', '1', '-t', type, '-N', passphrase, '-C', 'test', '-f', file])
}

/** A free TCP port on loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
      })
  })
}
