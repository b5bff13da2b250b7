import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connectionTarget, openConnection } from '../../src/connection/index.ts'
import type { Become, Connection } from '../../src/connection/connection.ts'
import { Secret } from '../../src/values/secret.ts'
import { type Account, addAccount } from '../support/accounts.ts'
import { processes, until } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'

const sshd = await startSshd()
const asked = addAccount({ sudo: 'with password', shell: '/bin/bash' })
const free = addAccount({ sudo: 'freely' })
const forbidden = addAccount({ sudo: 'nothing' })
t.teardown(async () => {
  await sshd.stop().finally(() => {
    for (const account of [asked, free, forbidden]) account.remove()
  })
})

const root = (password?: string): Become => ({
  user: 'root', ...(password === undefined ? {} : { password: new Secret(password) }),
})

const connections: Connection[] = []
t.teardown(() => Promise.all(connections.map((connection) => connection.close())))

function login({ name }: Account): Connection {
  const connection = openConnection(connectionTarget('node1', sshd.vars({ ansible_user: name })))
  connections.push(connection)
  return connection
}

const run = async (connection: Connection, script: string, become?: Become) => {
  const { stdout, stderr, exitCode } = await connection.exchange(script, {
    timeLimitSeconds: 20, ...(become === undefined ? {} : { become }),
  })
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
}

t.test('with the right password', async (t) => {
  const connection = login(asked)
  const become = root(asked.password)
  t.same(await run(connection, 'id -un; echo err >&2; exit 4', become), { stdout: 'root\n', stderr: 'err\n', exitCode: 4 })
  t.equal((await run(connection, 'pwd; echo $HOME', become)).stdout, '/root\n/root\n')
  t.equal((await run(connection, 'id -un')).stdout, `${asked.name}\n`, 'the login user has a shell of its own')
  t.equal((await run(connection, 'cat', become)).stdout, '', 'a script cannot read what we send')
  const { stdout } = await connection.exchange('head -c 3000000 /dev/zero', { timeLimitSeconds: 20, become })
  t.ok(stdout.equals(Buffer.alloc(3_000_000)))
})

t.test('with a password that sudo does not ask for, nothing of it is run or seen', async (t) => {
  const password = 'touch /tmp/labbook-password-was-run; echo leaked'
  const { stdout, stderr } = await run(login(free), 'id -un; ls /tmp/labbook-password-was-run', root(password))
  t.equal(stdout, 'root\n')
  t.notMatch(stderr, 'leaked')
  t.match(stderr, 'No such file')
})

t.test('without a password where none is needed', async (t) => {
  t.equal((await run(login(free), 'id -un', root())).stdout, 'root\n')
})

t.test('as another user than root', async (t) => {
  t.equal((await run(login(free), 'id -un; pwd', { user: asked.name })).stdout, `${asked.name}\n${asked.home}\n`)
})

t.test('with a wrong password the script does not run, and sudo is asked once only', async (t) => {
  const proof = join(sshd.folder, 'wrong-password')
  const connection = login(asked)
  await t.rejects(run(connection, `: >${proof}`, root('wrong one')), {
    name: 'BecomeFailed',
    message: `node1: sudo refused the password for ${asked.name}: give the right one with -K, or correct ansible_become_password`,
  })
  t.match((await run(connection, `ls ${proof}`)).stderr, 'No such file')
  t.equal((await run(connection, 'true', root(asked.password))).exitCode, 0)
  await t.rejects(run(login(asked), 'true', root('')), { name: 'BecomeFailed', message: /refused the password/ })
})

t.test('a right password that sudo remembers does not make a wrong one right', async (t) => {
  t.equal((await run(login(asked), 'id -u', root(asked.password))).stdout, '0\n')
  await t.rejects(run(login(asked), 'id -u', root('wrong one')), { name: 'BecomeFailed' })
})

t.test('without a password where one is needed', async (t) => {
  await t.rejects(run(login(asked), 'true', root()), {
    name: 'BecomeFailed',
    message: `node1: sudo asks ${asked.name} for a password, and none is given: run with -K, or set ansible_become_password`,
  })
})

t.test('a user who may not use sudo', async (t) => {
  await t.rejects(run(login(forbidden), 'true', root(forbidden.password)), {
    name: 'BecomeFailed',
    message: `node1: ${forbidden.name} may not become root: allow it in /etc/sudoers.d on node1, or log in as a user who `
      + 'may (ansible_user)',
  })
})

t.test('a host without sudo', async (t) => {
  writeFileSync(join(asked.home, '.bashrc'), `PATH=${asked.home}/bin\n`)
  const bin = join(asked.home, 'bin')
  const links = ['sh', 'env', 'timeout'].map((name) => `ln -s $(command -v ${name}) ${bin}/`).join('; ')
  await run(login(free), `mkdir ${bin}; ${links}`, root())
  t.teardown(() => writeFileSync(join(asked.home, '.bashrc'), ''))
  await t.rejects(run(login(asked), 'true', root(asked.password)), {
    name: 'BecomeFailed', message: /^node1: sudo is not installed: install it on node1/,
  })
})

t.test('a script that runs into its limit is ended with all its processes', async (t) => {
  const connection = login(asked)
  const become = root(asked.password)
  const script = "echo before; (trap '' TERM; sleep 2000.5); echo after"
  await t.rejects(connection.exchange(script, { become, timeLimitSeconds: 1 }), { name: 'TimeLimit' })
  await until('they are gone', () => !processes().some(({ commandLine }) => commandLine === 'sleep 2000.5'))
  t.equal((await run(connection, 'id -u', become)).stdout, '0\n')
})

t.test('closing hangs up what runs as another user', async () => {
  const connection = login(asked)
  const running = connection.exchange('sleep 2000.25', { become: root(asked.password), timeLimitSeconds: 20 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.25')
  await until('it runs', isRunning)
  await connection.close()
  await until('it is gone', () => !isRunning())
})

t.test('neither password nor script stands in a command line', async (t) => {
  const connection = login(asked)
  const seen = new Set<string>()
  const watch = setInterval(() => {
    for (const { commandLine } of processes()) seen.add(commandLine)
  }, 5)
  t.teardown(() => clearInterval(watch))
  await run(connection, 'sleep 0.3 # script-text', root(asked.password))
  const lines = [...seen].filter((line) => line.includes(asked.password) || line.includes('script-text'))
  t.same(lines, [])
  t.ok([...seen].some((line) => line === 'sleep 0.3'), 'it was watched')
})
