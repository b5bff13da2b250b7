import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { until } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'

delete process.env['SSH_AUTH_SOCK']

const folder = mkdtempSync(join(tmpdir(), 'labbook-connect-'))
const inside = (name: string): string => join(folder, name)
writeFileSync(inside('hosts'), '127.0.0.1 twofold\n127.0.0.2 twofold\n::1 dual\n127.0.0.1 dual\n::1 six\n')
writeFileSync(inside('nsswitch.conf'), 'passwd: files\nhosts: files\n')
writeFileSync(
  inside('start'),
  `#!/bin/sh
for each in hosts nsswitch.conf; do mount --bind ${folder}/$each /etc/$each; done
ip link set lo up
exec "$@"
`,
)
chmodSync(inside('start'), 0o755)

const sshd = await startSshd({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] })
/** With a separate network and separate names. */
const apart = await startSshd({
  within: ['unshare', '--net', '--mount', '--propagation', 'private', inside('start')],
})
t.teardown(async () => {
  await Promise.all([sshd.stop(), apart.stop()])
  rmSync(folder, { recursive: true })
})
const enter = ['--target', String(apart.pid), '--net', '--mount']

/** Connects from the network of `apart`, to each host. @returns the client's addresses, or errors. */
async function connectApart(hosts: readonly string[], options = ''): Promise<string[]> {
  const common = `-o StrictHostKeyChecking=no ${options}`
  const vars = hosts.map((host) => JSON.stringify(apart.vars({ ansible_host: host, ansible_ssh_common_args: common })))
  const client = join(import.meta.dirname, 'programs/connect-client.ts')
  const args = [...enter, process.execPath, `--import=${import.meta.resolve('tsx')}`, client, ...vars]
  return (await promisify(execFile)('nsenter', args)).stdout.trim().split('\n')
}

async function run(more: Record<string, unknown>, host = sshd): Promise<string> {
  const connection = openConnection(connectionSettings('node1', host.vars(more)))
  try {
    return (await connection.exec('echo in', { timeLimitSeconds: 10 })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

t.test('a server with other algorithms only is named, with what to change', async (t) => {
  await t.rejects(run({}), {
    name: 'Unreachable',
    message:
      `node1: 127.0.0.1 port ${sshd.port} offers only the key exchange algorithm ` +
      'sntrup761x25519-sha512@openssh.com,kex-strict-s-v00@openssh.com (post-quantum), which Labbook does not support: ' +
      'add curve25519-sha256 to KexAlgorithms in its sshd_config',
  })
})

t.test('a slow host with two addresses is reached', async (t) => {
  const iptables = (...args: string[]): string =>
    execFileSync('nsenter', [...enter, 'iptables', ...args], { encoding: 'utf8' })
  const rule = ['INPUT', '-p', 'tcp', '--syn', '--dport', String(apart.port), '-j', 'DROP']
  iptables('-A', ...rule)
  const connecting = connectApart(['twofold'])
  // Its second packet is sent a second after the first.
  await until('the first packet is dropped', () => /^ +[1-9]\d* .*DROP/m.test(iptables('-nvxL', 'INPUT')))
  await new Promise((resolve) => setTimeout(resolve, 400))
  iptables('-D', ...rule)
  t.same(await connecting, ['127.0.0.1'])
})

t.test('a bind address selects among the addresses of a name', async (t) => {
  t.same(await connectApart(['dual', 'six'], '-o BindAddress=127.0.0.7'), [
    '127.0.0.7',
    'node1: BindAddress 127.0.0.7 cannot reach "six": it has no IPv4 address; correct either',
  ])
})
