import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { addAccount } from '../support/accounts.ts'
import { startAgent } from '../support/ssh-agent.ts'
import { freePort, makeKey, startSshd } from '../support/sshd.ts'

// These tests are about key files: the SSH agent of the developer must not be used.
delete process.env['SSH_AUTH_SOCK']

const sshd = await startSshd()
t.teardown(() => sshd.stop())
const file = (name: string): string => join(sshd.folder, name)

async function run(more: Record<string, unknown>, script = 'echo in'): Promise<string> {
  const connection = openConnection(connectionSettings('node1', sshd.vars(more)))
  try {
    return (await connection.exec(script, { timeLimitSeconds: 10 })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

const unreachable = (message: string | RegExp) => ({ name: 'Unreachable', message })

t.test('a rejected key is an error', async (t) => {
  makeKey(file('stranger'))
  await t.rejects(
    run({ ansible_ssh_private_key_file: file('stranger') }),
    unreachable(
      `node1: 127.0.0.1 port ${sshd.port} denied root access with the key ${file('stranger')}: install the public ` +
        `key there (ssh-copy-id -p ${sshd.port} root@127.0.0.1), or correct ansible_user or ansible_ssh_private_key_file`,
    ),
  )
})

t.test('a missing key file is an error', async (t) => {
  await t.rejects(
    run({ ansible_ssh_private_key_file: '/nowhere/id' }),
    unreachable('node1: key file "/nowhere/id" does not exist: correct ansible_ssh_private_key_file'),
  )
})

t.test('a key file without a private key is an error', async (t) => {
  await t.rejects(run({ ansible_ssh_private_key_file: `${sshd.keyFile}.pub` }), unreachable(/is not a private key/))
})

t.test('an encrypted key without passphrase is an error', async (t) => {
  makeKey(file('locked'), 'ed25519', 'open sesame')
  await t.rejects(run({ ansible_ssh_private_key_file: file('locked') }), unreachable(/has a passphrase: run .*ssh-add/))
})

t.test('a passphrase decrypts its key', async (t) => {
  makeKey(file('opened'), 'ed25519', 'open sesame')
  await run({}, `cat ${file('opened')}.pub >>${file('authorized_keys')}`)
  t.equal(
    await run({ ansible_ssh_private_key_file: file('opened'), ansible_ssh_private_key_passphrase: 'open sesame' }),
    'in',
  )
})

t.test('an unreachable agent does not prevent login by key', async (t) => {
  process.env['SSH_AUTH_SOCK'] = file('no-agent')
  t.teardown(() => delete process.env['SSH_AUTH_SOCK'])
  makeKey(file('stranger-too'))
  t.equal(await run({}), 'in')
  await t.rejects(run({ ansible_ssh_private_key_file: file('stranger-too') }), unreachable(/denied root access/))
})

t.test('a key in the agent is used', async (t) => {
  const account = addAccount()
  const agent = startAgent(sshd.folder)
  t.teardown(() => {
    agent.stop()
    delete process.env['SSH_AUTH_SOCK']
    account.remove()
  })
  const askAgent = { ansible_user: account.name, ansible_ssh_private_key_file: undefined }
  for (const name of ['strange1', 'strange2', 'held']) {
    makeKey(file(name), 'ed25519', name === 'held' ? 'open sesame' : '')
    agent.add(file(name), 'open sesame')
  }
  await t.rejects(run(askAgent), unreachable(/denied .* access with the keys of the SSH agent/))
  await run({}, `cat ${file('held')}.pub >>${file('authorized_keys')}`)
  t.equal(await run(askAgent, 'id -un'), account.name)
  t.equal(
    await run({ ...askAgent, ansible_ssh_private_key_file: file('held') }),
    'in',
    'a key with a passphrase that the agent has',
  )
  agent.stop()
  await t.rejects(
    run({ ...askAgent, ansible_ssh_private_key_file: file('held') }),
    unreachable(/has a passphrase|no SSH key to log in with/),
  )
})

t.test('a closed port is unreachable', async (t) => {
  const port = await freePort()
  await t.rejects(
    run({ ansible_port: port }),
    unreachable(
      `node1: connection refused by 127.0.0.1 port ${port}: start sshd there, or correct ansible_host or ansible_port`,
    ),
  )
})

t.test('a silent listener is unreachable', async (t) => {
  const port = await listener(t, () => undefined)
  await t.rejects(
    run({ ansible_port: port, ansible_ssh_timeout: 1 }),
    unreachable(new RegExp(`^node1: connection to 127.0.0.1 port ${port} timed out after 1 s: `)),
  )
})

t.test('close() aborts a login in progress', async (t) => {
  let called: () => void = () => undefined
  const call = new Promise<void>((resolve) => (called = resolve))
  const port = await listener(t, () => called())
  const connection = openConnection(
    connectionSettings('node1', sshd.vars({ ansible_port: port, ansible_ssh_timeout: 3600 })),
  )
  const running = connection.exec('true', { timeLimitSeconds: 10 })
  running.catch(() => undefined)
  await call
  await connection.close()
  await t.rejects(running, unreachable('node1: the connection is closed'))
})

t.test('a listener that disconnects is retried, then reported with its output', async (t) => {
  let calls = 0
  const port = await listener(t, (socket) => {
    calls++
    socket.end('Not allowed at this time\r\n')
  })
  // The timeout must not end before all attempts.
  await t.rejects(
    run({ ansible_port: port, ansible_ssh_timeout: 60 }),
    unreachable(
      /^node1: 127.0.0.1 port \d+ closed the connection before the handshake and printed: Not allowed at this time\. .*MaxStartups/,
    ),
  )
  t.equal(calls, 5)
})

t.test('retries end at the connect timeout', async (t) => {
  let calls = 0
  const port = await listener(t, (socket) => {
    calls++
    socket.destroy()
  })
  await t.rejects(
    run({ ansible_port: port, ansible_ssh_timeout: 1 }),
    unreachable(/closed the connection before the handshake\. |connection to .* timed out after 1 s/),
  )
  t.ok(calls < 5, `${calls} calls`)
})

t.test('an unavailable bind address is an error', async (t) => {
  await t.rejects(
    run({ ansible_ssh_extra_args: '-o BindAddress=192.0.2.1' }),
    unreachable(
      'node1: the controller has no address 192.0.2.1 to connect from; if node1 is a lab node, start the lab',
    ),
  )
})

t.test('the bind address is used', async (t) => {
  t.match(await run({ ansible_ssh_extra_args: '-o BindAddress=127.0.0.7' }, 'echo $SSH_CLIENT'), /^127\.0\.0\.7 /)
})

t.test('an unresolvable host name is an error', async (t) => {
  await t.rejects(
    run({ ansible_host: 'no-such-host.invalid', ansible_ssh_timeout: 60 }),
    unreachable(
      'node1: cannot resolve host name "no-such-host.invalid": correct ansible_host, or the controller\'s DNS',
    ),
  )
})

t.test('password login succeeds or is rejected', async (t) => {
  const account = addAccount()
  t.teardown(() => account.remove())
  const login = { ansible_user: account.name, ansible_ssh_private_key_file: undefined }
  t.equal(await run({ ...login, ansible_password: account.password }, 'id -un'), account.name)
  const error = (await run({ ...login, ansible_password: 'wrong one' }).then(
    t.fail,
    (thrown: unknown) => thrown,
  )) as Error
  t.match(error.message, `denied ${account.name} access with the password`)
  t.notMatch(error.message, 'wrong one')
})

t.test('an account without login is an error', async (t) => {
  const account = addAccount({ shell: '/usr/sbin/nologin' })
  t.teardown(() => account.remove())
  await t.rejects(
    run({ ansible_user: account.name }),
    unreachable(
      `node1: ${account.name}'s login shell does not run commands; its output: This account is currently not available.`,
    ),
  )
})

t.test('login shells, including noisy ones, do not affect output', async (t) => {
  for (const shell of ['/bin/dash', '/bin/bash', '/usr/bin/fish', '/bin/tcsh']) {
    const account = addAccount({ shell })
    t.teardown(() => account.remove())
    for (const profile of ['.bashrc', '.cshrc', '.config/fish/config.fish']) {
      const path = join(account.home, profile)
      await run({ ansible_user: account.name }, `mkdir -p $(dirname ${profile})`)
      writeFileSync(path, 'echo welcome\nprintf careful\n')
    }
    t.equal(await run({ ansible_user: account.name }, 'echo $((20 + 1)); pwd'), `21\n${account.home}`, shell)
  }
})

function listener(t: { teardown(end: () => void): void }, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    onConnection(socket)
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}
