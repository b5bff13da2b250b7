import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { addAccount } from '../support/accounts.ts'
import { createBastionNetwork } from '../support/bastion-network.ts'
import { startAgent } from '../support/ssh-agent.ts'
import { makeKey, startSshd, type Sshd } from '../support/sshd.ts'
import { onTerminal } from '../support/terminal.ts'
import { encryptVault } from '../support/vault.ts'

// The first hour of someone who knows Ansible: an INI inventory of two machines behind a bastion, a key with a
// passphrase in an agent, a sudo password in a vault file, an alias in ~/.ssh/config.
const PROGRAM = new URL('./programs/whoami.mjs', import.meta.url)
const PASSPHRASE = 'open sesame'
const VAULT_PASSWORD = 'vault sesame'

const home = mkdtempSync(path.join(tmpdir(), 'labbook-reach-'))
const file = (name: string): string => path.join(home, name)
const account = addAccount({ sudo: 'with the password' })
const network = createBastionNetwork('10.91', 'bastion', ['web', 'db'])
const servers = new Map<string, Sshd>()
for (const [name, address] of Object.entries(network.addresses)) {
  servers.set(name, await startSshd({ config: [`ListenAddress ${address}`], within: network.within(name) }))
}
mkdirSync(file('.ssh'), { mode: 0o700 })
makeKey(file('.ssh/id_vm'), 'ed25519', PASSPHRASE)
for (const { folder } of servers.values()) {
  writeFileSync(path.join(folder, 'authorized_keys'), readFileSync(file('.ssh/id_vm.pub')))
}
const agent = startAgent(home)
const socket = String(process.env['SSH_AUTH_SOCK'])
agent.add(file('.ssh/id_vm'), PASSPHRASE)
t.teardown(async () => {
  agent.stop()
  await Promise.all([...servers.values()].map((each) => each.stop()))
  network.remove()
  account.remove()
  rmSync(home, { recursive: true })
})

const server = (name: string): Sshd => servers.get(name) as Sshd
const knownHosts = file('.ssh/known_hosts')
writeFileSync(
  file('.ssh/config'),
  `Host bastion
  HostName ${network.addresses['bastion']}
  Port ${server('bastion').port}

Host myweb
  HostName ${network.addresses['web']}
  Port ${server('web').port}

Match host ${network.addresses['db']}
  Port ${server('db').port}

Host * !bastion
  ProxyJump bastion

Host *
  User ${account.name}
  ForwardAgent yes
`,
  { mode: 0o600 },
)
writeFileSync(
  file('hosts.ini'),
  `[web]
myweb

[db]
db ansible_host=${network.addresses['db']}

[vms:children]
web
db

[vms:vars]
ansible_become=yes
ansible_become_password="{{ vault_become_password }}"
`,
)
mkdirSync(file('group_vars/vms'), { recursive: true })
writeFileSync(
  file('group_vars/vms/vault.yml'),
  encryptVault(`vault_become_password: ${account.password}\n`, VAULT_PASSWORD),
)
writeFileSync(file('.vault-password'), `${VAULT_PASSWORD}\n`, { mode: 0o600 })
writeFileSync(file('package.json'), '{"version": "1"}')

const args = (...more: string[]): string[] => [home, '-i', file('hosts.ini'), '-v', ...more]

function run(...more: string[]): { status: number | null; output: string } {
  return runWith({}, args(...more))
}

function runWith(environment: NodeJS.ProcessEnv, argv: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM.pathname, ...argv], {
    encoding: 'utf8',
    cwd: home,
    env: {
      ...process.env,
      HOME: home,
      SSH_AUTH_SOCK: socket,
      ANSIBLE_VAULT_PASSWORD_FILE: '.vault-password',
      NO_COLOR: '1',
      NODE_OPTIONS: '',
      ...environment,
    },
  })
  return { status, output: stdout + stderr }
}

t.test('hosts never seen are refused, with the fingerprint of the first that is unknown', async (t) => {
  const { status, output } = run('--yes')
  t.equal(status, 4, output)
  t.match(output, `jump host bastion: the host key of ${network.addresses['bastion']} port`)
  t.match(output, /Its fingerprint is SHA256:/)
})

t.test('--accept-new adds the keys of the bastion and of the hosts behind it', async (t) => {
  const { status, output } = run('--yes', '--accept-new')
  t.equal(status, 0, output)
  t.match(output, `root on ${network.addresses['web']}/30`)
  t.match(output, `root on ${network.addresses['db']}/30`)
  t.match(output, `ssh_config: not supported, ignored: ForwardAgent (${file('.ssh/config')}:`)
  t.equal(output.split('ForwardAgent').length, 2, 'once per run')
  t.equal(readFileSync(knownHosts, 'utf8').trim().split('\n').length, 3, readFileSync(knownHosts, 'utf8'))
  t.notMatch(output, account.password)
  const again = run('--yes')
  t.equal(again.status, 0, again.output)
})

t.test('the sudo password comes from a vault file, whose password is asked for or in a file', async (t) => {
  const none = { ANSIBLE_VAULT_PASSWORD_FILE: '' }
  const without = runWith(none, args('--yes'))
  t.equal(without.status, 1, without.output)
  t.match(without.output, `${file('group_vars/vms/vault.yml')}:1:1: this is encrypted with Ansible Vault: give its`)
  writeFileSync(file('wrong'), 'wrong\n')
  const wrong = runWith(none, args('--yes', '--vault-password-file', file('wrong')))
  t.equal(wrong.status, 1, wrong.output)
  t.equal(
    wrong.output,
    `${file('group_vars/vms/vault.yml')}:1:1: the vault password of --vault-password-file ${file('wrong')} is wrong for this value\n`,
  )
  const { exitCode, raw, screen } = await onTerminal(PROGRAM, args('--limit', 'all', '--ask-vault-pass'), {
    columns: 200,
    env: { HOME: home, SSH_AUTH_SOCK: socket, ANSIBLE_VAULT_PASSWORD_FILE: '' },
    talk: [['Vault password', `${VAULT_PASSWORD}\r`]],
  })
  t.equal(exitCode, 0, screen.join('\n'))
  t.match(screen.join('\n'), `root on ${network.addresses['web']}/30`)
  for (const text of [VAULT_PASSWORD, account.password]) t.notMatch(raw, text)
  const logs = readdirSync(file('runs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(file(path.join('runs', name)), 'utf8'))
  t.ok(logs.length > 0)
  for (const log of logs) t.notMatch(log, account.password)
})

t.test('a changed key is refused, also with --accept-new', async (t) => {
  const before = readFileSync(knownHosts, 'utf8')
  t.teardown(() => writeFileSync(knownHosts, before))
  makeKey(file('other'))
  const [type, key] = readFileSync(file('other.pub'), 'utf8').split(' ')
  const changed = `[${network.addresses['web']}]:${server('web').port} ${type} ${key}`
  writeFileSync(knownHosts, before.replace(/^\[10\.91\.1\..*$/m, changed))
  const { status, output } = run('--yes', '--accept-new')
  t.equal(status, 4, output)
  t.match(output, `myweb: THE HOST KEY OF ${network.addresses['web']} port ${server('web').port} HAS CHANGED`)
  t.match(output, `root on ${network.addresses['db']}/30`, 'the other host runs')
})

t.test('on a terminal Labbook asks for passphrase and host keys, once', async (t) => {
  rmSync(knownHosts)
  appendFileSync(file('.ssh/config'), `  IdentityFile ~/.ssh/id_vm\n`)
  const { exitCode, screen } = await onTerminal(PROGRAM, args('--limit', 'all'), {
    columns: 200,
    env: { HOME: home, SSH_AUTH_SOCK: '', ANSIBLE_VAULT_PASSWORD_FILE: file('.vault-password') },
    talk: [
      ['Passphrase for key', `${PASSPHRASE}\r`],
      ['Trust these hosts', 'y'],
      ['Trust these hosts', 'y'],
    ],
  })
  const text = screen.join('\n')
  t.equal(exitCode, 0, text)
  t.match(text, `root on ${network.addresses['web']}/30`)
  t.equal(readFileSync(knownHosts, 'utf8').trim().split('\n').length, 3)
  t.match(text, new RegExp(`jump host bastion \\(.*\\): SHA256:`))
})

t.test('hosts that are not trusted end the run', async (t) => {
  rmSync(knownHosts)
  const { exitCode } = await onTerminal(PROGRAM, args('--limit', 'all'), {
    env: { HOME: home, SSH_AUTH_SOCK: socket, ANSIBLE_VAULT_PASSWORD_FILE: file('.vault-password') },
    talk: [['Trust these hosts', 'n']],
  })
  t.equal(exitCode, 130)
})

t.test('-k and -K ask for the passwords of SSH and sudo', async (t) => {
  const { port, knownHostsFile } = server('bastion')
  const key = readFileSync(knownHostsFile, 'utf8').replace(/^\S+/, `[${network.addresses['bastion']}]:${port}`)
  writeFileSync(knownHosts, key)
  const host = `{ansible_host: ${network.addresses['bastion']}, ansible_port: ${port}}`
  writeFileSync(file('direct.yaml'), `all: {hosts: {bastion: ${host}}}\n`)
  const options = ['-u', account.name, '-b', '-k', '-K', '--ssh-common-args', '-F none', '--limit', 'all']
  const { exitCode, raw, screen } = await onTerminal(PROGRAM, [home, '-i', file('direct.yaml'), '-v', ...options], {
    columns: 200,
    env: { HOME: home, SSH_AUTH_SOCK: '' },
    talk: [
      ['SSH password', `${account.password}\r`],
      ['BECOME password', `${account.password}\r`],
    ],
  })
  t.equal(exitCode, 0, screen.join('\n'))
  t.match(screen.join('\n'), `root on ${network.addresses['bastion']}/30`)
  t.notMatch(raw, account.password)
})

t.test('options and ansible.cfg name inventory, vault, user, key and jump host', async (t) => {
  writeFileSync(
    file('ansible.cfg'),
    `[defaults]
remote_user = nobody
inventory = hosts.ini
vault_password_file = .vault-password
private_key_file = .ssh/id_vm
forks = 5
[ssh_connection]
ssh_common_args = -F none -J ${account.name}@${network.addresses['bastion']}:${server('bastion').port}
`,
  )
  t.teardown(() => rmSync(file('ansible.cfg')))
  writeFileSync(file('hosts'), 'db\n')
  const port = `ansible_port=${server('db').port}`
  const options = ['--yes', '--accept-new', '-u', account.name, '--limit', `@${file('hosts')}`, '-e', port]
  const { status, output } = runWith({ ANSIBLE_VAULT_PASSWORD_FILE: '' }, [home, '-v', ...options])
  t.equal(status, 0, output)
  t.match(output, `root on ${network.addresses['db']}/30`)
  t.notMatch(output, `root on ${network.addresses['web']}/30`)
  t.match(
    output,
    'ansible.cfg: used: [defaults] remote_user, [defaults] inventory, [defaults] vault_password_file, ' +
      '[defaults] private_key_file, [ssh_connection] ssh_common_args',
  )
  t.match(output, 'inventory: hosts.ini (from ansible.cfg:3; -i overrides it)')
  t.match(output, 'ansible.cfg: not supported, ignored: [defaults] forks')
})
