import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { addAccount } from '../support/accounts.ts'
import { processes, until } from '../support/processes.ts'
import { freePort, makeKey, startSshd } from '../support/sshd.ts'

delete process.env['SSH_AUTH_SOCK']

const folder = t.testdir()
const file = (name: string): string => join(folder, name)
const bastion = await startSshd({ config: ['LogLevel VERBOSE'] })
const inner = await startSshd()
const web = await startSshd()
const account = addAccount()
t.teardown(async () => {
  await Promise.all([bastion.stop(), inner.stop(), web.stop()])
  account.remove()
})

const known = (...servers: { knownHostsFile: string }[]): void => {
  writeFileSync(file('known_hosts'), servers.map((each) => readFileSync(each.knownHostsFile, 'utf8')).join(''))
}
const host = (name: string, sshd: { port: number; keyFile: string }, ...more: string[]): string =>
  [
    `Host ${name}`,
    '  HostName 127.0.0.1',
    `  Port ${sshd.port}`,
    `  IdentityFile ${sshd.keyFile}`,
    ...more.map((each) => `  ${each}`),
    '',
  ].join('\n')

/** Runs a script on "web", with this ssh_config. */
async function run(config: readonly string[], script = 'echo in', vars: Record<string, unknown> = {}): Promise<string> {
  writeFileSync(file('config'), [...config, `Host *\n  UserKnownHostsFile ${file('known_hosts')}\n`].join('\n'))
  const settings = connectionSettings('node1', {
    ansible_host: 'web',
    ansible_ssh_common_args: `-F ${file('config')}`,
    ...vars,
  })
  const connection = openConnection(settings)
  try {
    return (await connection.exec(script, { timeLimitSeconds: 10 })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

const unreachable = (message: string | RegExp) => ({ name: 'Unreachable', message })

t.test('a host is reached over two jump hosts, each with its own key, user and host key', async (t) => {
  known(bastion, inner, web)
  const config = [
    host('web', web, 'ProxyJump inner', 'User root'),
    host('inner', inner, `User ${account.name}`, 'ProxyJump bastion'),
    host('bastion', bastion),
  ]
  t.equal(await run(config, 'echo $SSH_CONNECTION | cut -d " " -f 4'), String(web.port))
  t.match(inner.log(), `Accepted publickey for ${account.name}`)
  t.match(bastion.log(), 'Accepted publickey for root')
  await until('the logins end with the connection', () =>
    [bastion, inner, web].every((each) => each.connections().length === 0),
  )
  const chain = [host('web', web, 'ProxyJump bastion,inner'), host('inner', inner), host('bastion', bastion)]
  t.equal(await run(chain), 'in', 'several hosts in one option')
})

t.test(
  'the arguments name the jump host: -J, ProxyJump; inventory variables and arguments precede ssh_config',
  async (t) => {
    known(bastion, web)
    const config = [
      host('web', { port: 1, keyFile: '/nowhere' }, 'User nobody', 'ProxyCommand false'),
      host('bastion', bastion),
    ]
    for (const option of ['-J bastion', '-o ProxyJump=bastion']) {
      const before = bastion.log().length
      const vars = {
        ansible_port: web.port,
        ansible_user: 'root',
        ansible_ssh_private_key_file: web.keyFile,
        ansible_ssh_common_args: `-F ${file('config')} ${option}`,
      }
      t.equal(await run(config, 'echo in', vars), 'in', option)
      t.match(bastion.log().slice(before), 'Accepted publickey', option)
    }
  },
)

t.test('an unknown or changed host key of a jump host, or behind it, is rejected', async (t) => {
  const config = [host('web', web, 'ProxyJump bastion'), host('bastion', bastion)]
  known(web)
  await t.rejects(
    run(config),
    unreachable(new RegExp(`^node1: jump host bastion: the host key of 127.0.0.1 port ${bastion.port} is unknown\\.`)),
  )
  known(bastion)
  await t.rejects(
    run(config),
    unreachable(
      /^node1: the host key of 127.0.0.1 port \d+ is unknown\. .* run with --accept-new, or log in once with ssh/,
    ),
  )
  known(bastion)
  appendFileSync(file('known_hosts'), readFileSync(inner.knownHostsFile, 'utf8').replace(/:\d+/, `:${web.port}`))
  await t.rejects(run(config), unreachable(/^node1: THE HOST KEY OF 127.0.0.1 port \d+ HAS CHANGED/))
  const accepting = [
    host('web', web, 'ProxyJump bastion', 'StrictHostKeyChecking accept-new'),
    host('bastion', bastion),
  ]
  await t.rejects(run(accepting), unreachable(/HAS CHANGED/), 'accept-new does not accept a changed key')
  known(bastion)
  t.equal(await run(accepting), 'in')
  t.match(readFileSync(file('known_hosts'), 'utf8'), `[127.0.0.1]:${web.port} ssh-ed25519`)
})

t.test('HostKeyAlias and GlobalKnownHostsFile name the known key', async (t) => {
  known()
  const keys = readFileSync(web.knownHostsFile, 'utf8').replace(/^\S+/, 'the-web')
  writeFileSync(file('global'), keys)
  const options = ['HostKeyAlias the-web', `GlobalKnownHostsFile ${file('global')}`]
  t.equal(await run([host('web', web, ...options)]), 'in')
  await t.rejects(run([host('web', web, 'HostKeyAlias other', options[1] ?? '')]), unreachable(/is unknown/))
  await t.rejects(run([host('web', web, options[0] ?? '')]), unreachable(/is unknown/))
})

t.test('errors say which host failed', async (t) => {
  known(bastion, web)
  const port = await freePort()
  await t.rejects(
    run([host('web', { port, keyFile: web.keyFile }, 'ProxyJump bastion'), host('bastion', bastion)]),
    unreachable(
      `node1: jump host 127.0.0.1 cannot connect to 127.0.0.1 port ${port}: Connection refused; check the address, ` +
        'that the host is up, and the network between them',
    ),
  )
  await t.rejects(
    run([host('web', web, 'ProxyJump bastion'), host('bastion', { port, keyFile: bastion.keyFile })]),
    unreachable(/^node1: jump host bastion: connection refused by 127.0.0.1 port \d+/),
  )
  makeKey(file('stranger'))
  await t.rejects(
    run([host('web', web, 'ProxyJump bastion'), host('bastion', { ...bastion, keyFile: file('stranger') })]),
    unreachable(/^node1: jump host bastion: 127.0.0.1 port \d+ denied root access with the key .*stranger/),
  )
  const closed = await startSshd({ config: ['AllowTcpForwarding no'] })
  t.teardown(() => closed.stop())
  known(closed, web)
  await t.rejects(
    run([host('web', web, 'ProxyJump bastion'), host('bastion', closed)]),
    unreachable(/: jump host 127.0.0.1 does not allow connections to .*: allow them in its sshd_config \(AllowTcp/),
  )
})

t.test('a proxy command carries the connection, and ends with it', async (t) => {
  known(web)
  const pidFile = file('pid')
  const command = `sh -c 'echo $$ >${pidFile}; exec ssh -F ${file('jump')} -W %h:%p bastion'`
  writeFileSync(file('jump'), host('bastion', bastion, `UserKnownHostsFile ${bastion.knownHostsFile}`))
  t.equal(await run([host('web', web, `ProxyCommand ${command}`)]), 'in')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  await until('it has ended', () => !processes().some((each) => each.pid === pid))
  const quoted = `-F ${file('config')} -o ProxyCommand="ssh -F ${file('jump')} -W %h:%p bastion"`
  t.equal(await run([host('web', web)], 'echo in', { ansible_ssh_common_args: quoted }), 'in', 'in the arguments')
})

t.test('a proxy command that fails is quoted, and a name cannot start a command', async (t) => {
  known(web)
  await t.rejects(
    run([host('web', web, `ProxyCommand sh -c 'echo no route >&2; exit 3'`)]),
    unreachable(`node1: ProxyCommand "sh -c 'echo no route >&2; exit 3'" ended with exit code 3: no route`),
  )
  const mark = file('mark')
  rmSync(mark, { force: true })
  const config = ['Match all', `  ProxyCommand nc %n %p`, '']
  for (const name of [`x;touch ${mark}`, `$(touch ${mark})`, '-oProxyCommand=x', "a'b"]) {
    await t.rejects(run(config, 'true', { ansible_host: name }), {
      name: 'ConnectionConfigError',
      message: /ProxyCommand/,
    })
  }
  t.notOk(existsSync(mark))
})

t.test('a lost jump host is a lost connection', async (t) => {
  known(bastion, web)
  writeFileSync(
    file('config'),
    [
      host('web', web, 'ProxyJump bastion'),
      host('bastion', bastion),
      `Host *\n  UserKnownHostsFile ${file('known_hosts')}\n`,
    ].join('\n'),
  )
  const connection = openConnection(
    connectionSettings('node1', { ansible_host: 'web', ansible_ssh_common_args: `-F ${file('config')}` }),
  )
  t.teardown(() => connection.close())
  await connection.exec('true', { timeLimitSeconds: 10 })
  const running = connection.exec('sleep 30', { timeLimitSeconds: 60 })
  for (const pid of bastion.connections()) process.kill(pid)
  await t.rejects(running, { name: 'Unreachable', lost: true })
  t.equal((await connection.exec('echo again', { timeLimitSeconds: 10 })).stdout.toString(), 'again\n')
})
