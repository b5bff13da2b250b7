import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import type { Become, Connection } from '../../src/connection/connection.ts'
import { Secret } from '../../src/values/secret.ts'
import { type Account, addAccount } from '../support/accounts.ts'
import { failsPastLogin } from '../support/retry-login.ts'
import { endProcess, processes, until } from '../support/processes.ts'
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

// Labbook detects an unexpected prompt of sudo by a timeout: this test runs beside the others.
const coded = addAccount({ shell: '/bin/bash' })
t.teardown(() => coded.remove())
mkdirSync(join(coded.home, 'bin'))
writeFileSync(join(coded.home, '.bashrc'), 'PATH=$HOME/bin:$PATH\n')
writeFileSync(join(coded.home, 'bin/sudo'), '#!/bin/sh\nprintf "Verification code: " >&2; exec cat >/dev/null\n', {
  mode: 0o755,
})
const questioned = failsPastLogin(async () => {
  const connection = openConnection(
    connectionSettings('node1', sshd.vars({ ansible_user: coded.name, ansible_ssh_timeout: 1 })),
  )
  try {
    await connection.exec('true', { timeLimitSeconds: 20, become: { user: 'root', password: new Secret('x') } })
  } finally {
    await connection.close()
  }
})
questioned.catch(() => undefined)

t.teardown(() => {
  for (const { commandLine, pid } of processes())
    if (/^sleep 2000\.(25|125|375|5|625|75)$/.test(commandLine)) endProcess(pid, 'SIGKILL')
})

const root = (password?: string): Become => ({
  user: 'root',
  ...(password === undefined ? {} : { password: new Secret(password) }),
})

const connections: Connection[] = []
t.teardown(() => Promise.all(connections.map((connection) => connection.close())))

function login({ name }: Account): Connection {
  const connection = openConnection(connectionSettings('node1', sshd.vars({ ansible_user: name })))
  connections.push(connection)
  return connection
}

const run = async (connection: Connection, script: string, become?: Become) => {
  const { stdout, stderr, exitCode } = await connection.exec(script, {
    timeLimitSeconds: 20,
    ...(become === undefined ? {} : { become }),
  })
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
}

t.test('become succeeds with the right password', async (t) => {
  const connection = login(asked)
  const become = root(asked.password)
  t.same(await run(connection, 'id -un; echo err >&2; exit 4', become), {
    stdout: 'root\n',
    stderr: 'err\n',
    exitCode: 4,
  })
  t.equal((await run(connection, 'pwd; echo $HOME', become)).stdout, '/root\n/root\n')
  t.equal((await run(connection, 'id -un')).stdout, `${asked.name}\n`, 'the login user has a separate shell')
  t.equal((await run(connection, 'cat', become)).stdout, '', 'a script cannot read the stdin of its shell')
  const { stdout } = await connection.exec('head -c 3000000 /dev/zero', { timeLimitSeconds: 20, become })
  t.ok(stdout.equals(Buffer.alloc(3_000_000)))
})

t.test('an unrequested sudo password is neither executed nor visible', async (t) => {
  const password = 'touch /tmp/labbook-password-was-run; echo leaked'
  const { stdout, stderr } = await run(login(free), 'id -un; ls /tmp/labbook-password-was-run', root(password))
  t.equal(stdout, 'root\n')
  t.notMatch(stderr, 'leaked')
  t.match(stderr, 'No such file')
})

t.test('become needs no password with passwordless sudo', async (t) => {
  t.equal((await run(login(free), 'id -un', root())).stdout, 'root\n')
})

t.test('become runs as a user other than root', async (t) => {
  t.equal((await run(login(free), 'id -un; pwd', { user: asked.name })).stdout, `${asked.name}\n${asked.home}\n`)
})

t.test('a wrong password runs no script and asks sudo only once', async (t) => {
  const proof = join(sshd.folder, 'wrong-password')
  const connection = login(asked)
  await t.rejects(run(connection, `: >${proof}`, root('wrong one')), {
    name: 'BecomeFailed',
    message: `node1: sudo rejected the password of ${asked.name}: enter the right one with -K, or correct ansible_become_password`,
  })
  t.match((await run(connection, `ls ${proof}`)).stderr, 'No such file')
  t.equal((await run(connection, 'true', root(asked.password))).exitCode, 0)
  await t.rejects(run(login(asked), 'true', root('')), { name: 'BecomeFailed', message: /rejected the password/ })
})

t.test("sudo's credential cache does not accept a wrong password", async (t) => {
  t.equal((await run(login(asked), 'id -u', root(asked.password))).stdout, '0\n')
  await t.rejects(run(login(asked), 'id -u', root('wrong one')), { name: 'BecomeFailed' })
})

t.test('a wrong password for one identity does not affect other identities', async (t) => {
  const connection = login(asked)
  t.equal((await run(connection, 'id -un', root(asked.password))).stdout, 'root\n')
  await t.rejects(run(connection, 'id -un', { user: free.name, password: new Secret('wrong one') }), {
    name: 'BecomeFailed',
    message: /^node1: sudo rejected the password of /,
  })
  t.equal((await run(connection, 'id -un', root(asked.password))).stdout, 'root\n')
  t.equal(
    (await run(connection, 'id -un', { user: free.name, password: new Secret(asked.password) })).stdout,
    `${free.name}\n`,
  )
  // The password changes while the connection is open. The shell of that user ends after it has reported the end of
  // its script.
  const go = join(sshd.folder, 'go-on-and-end')
  const end = `shell=$(ps -o ppid= -p $PPID); echo $shell; { until [ -e ${go} ]; do sleep 0.1; done; kill -9 $shell; } &`
  const { stdout } = await run(connection, end, root(asked.password))
  writeFileSync(go, '')
  await until('it has ended', () => !processes().some(({ pid }) => pid === Number(stdout)))
  execFileSync('chpasswd', { input: `${asked.name}:changed\n` })
  t.teardown(() => execFileSync('chpasswd', { input: `${asked.name}:${asked.password}\n` }))
  // sshd reports the end of a process only after the process is gone: data that arrives until then includes the report.
  await run(connection, 'sleep 1')
  await t.rejects(run(connection, 'id -un', root(asked.password)), {
    name: 'BecomeFailed',
    message: /rejected the password/,
  })
  t.equal((await run(connection, 'id -un')).stdout, `${asked.name}\n`)
})

t.test('the error names whose password sudo requires', async (t) => {
  const other = addAccount({ sudo: 'with password' })
  t.teardown(() => other.remove())
  appendFileSync(`/etc/sudoers.d/${other.name}`, `Defaults:${other.name} targetpw\n`)
  await t.rejects(run(login(other), 'true', { user: free.name, password: new Secret(other.password) }), {
    name: 'BecomeFailed',
    message:
      `node1: sudo asks for the password of ${free.name}, not of ${other.name} (rootpw, targetpw or runaspw in the ` +
      `sudoers of node1), and rejected the one it got: enter the password of ${free.name} with -K, or set ansible_become_password`,
  })
  t.equal(
    (await run(login(other), 'id -un', { user: free.name, password: new Secret(free.password) })).stdout,
    `${free.name}\n`,
  )
})

t.test('become works with MaxSessions 1', async (t) => {
  const narrow = await startSshd({ config: ['MaxSessions 1'] })
  t.teardown(() => narrow.stop())
  const open = (): Connection => {
    const connection = openConnection(connectionSettings('node1', narrow.vars({ ansible_user: free.name })))
    t.teardown(() => connection.close())
    return connection
  }
  const connection = open()
  t.equal((await run(connection, 'id -un')).stdout, `${free.name}\n`)
  await t.rejects(run(connection, 'id -un', root()), {
    name: 'Unreachable',
    lost: false,
    began: false,
    message:
      `node1: sshd refused another session on the connection of ${free.name}; each become user needs one. ` +
      'Raise MaxSessions in /etc/ssh/sshd_config on node1 (default: 10), or log in as the become user (ansible_user)',
  })
  t.equal((await run(connection, 'id -un')).stdout, `${free.name}\n`, 'the shell of the other user continues')
  t.equal((await run(open(), 'id -un', root())).stdout, 'root\n', 'each user needs one SSH session')
  const busy = open()
  const running = busy.exec('sleep 2000.125', { become: root(), timeLimitSeconds: 600 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.125')
  await until('it runs', isRunning)
  await busy.close()
  await until('closing has hung it up, over another connection', () => !isRunning())
})

t.test('a missing sudo password is an error', async (t) => {
  await t.rejects(run(login(asked), 'true', root()), {
    name: 'BecomeFailed',
    message: `node1: sudo asks ${asked.name} for a password, and none is set: run with -K, or set ansible_become_password`,
  })
})

t.test('a user without sudo rights is an error', async (t) => {
  await t.rejects(run(login(forbidden), 'true', root(forbidden.password)), {
    name: 'BecomeFailed',
    message:
      `node1: ${forbidden.name} may not become root: allow it in /etc/sudoers.d on node1, or log in as a user who ` +
      'may (ansible_user)',
  })
})

t.test('a host without sudo is an error', async (t) => {
  writeFileSync(join(asked.home, '.bashrc'), `PATH=${asked.home}/bin\n`)
  const bin = join(asked.home, 'bin')
  const links = ['sh', 'env', 'timeout'].map((name) => `ln -s $(command -v ${name}) ${bin}/`).join('; ')
  await run(login(free), `mkdir ${bin}; ${links}`, root())
  t.teardown(() => writeFileSync(join(asked.home, '.bashrc'), ''))
  await t.rejects(run(login(asked), 'true', root(asked.password)), {
    name: 'BecomeFailed',
    message: /^node1: sudo is not installed: install it on node1/,
  })
})

t.test('a script over its time limit is killed with all its processes', async (t) => {
  const connection = login(asked)
  const become = root(asked.password)
  const script = "echo before; (trap '' TERM; sleep 2000.5); echo after"
  await t.rejects(connection.exec(script, { become, timeLimitSeconds: 1 }), { name: 'TimeLimit' })
  await until('they are gone', () => !processes().some(({ commandLine }) => commandLine === 'sleep 2000.5'))
  t.equal((await run(connection, 'id -u', become)).stdout, '0\n')
})

t.test('close() hangs up scripts of other users', async () => {
  const connection = login(asked)
  const running = connection.exec('sleep 2000.25', { become: root(asked.password), timeLimitSeconds: 600 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.25')
  await until('it runs', isRunning)
  await connection.close()
  await until('it is gone', () => !isRunning())
})

t.test('close() hangs up a script whose start was not reported yet', async (t) => {
  const connection = login(asked)
  const become = root(asked.password)
  await run(connection, 'true', become)
  const running = connection.exec('sleep 2000.75', { become, timeLimitSeconds: 600 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.75')
  // Sends it; then nothing is read until it runs.
  await setImmediate()
  const giveUp = Date.now() + 60_000
  while (!isRunning() && Date.now() < giveUp) execFileSync('sleep', ['0.05'])
  t.ok(isRunning(), 'the script runs')
  await connection.close()
  await until('it is gone', () => !isRunning())
})

t.test('close() hangs up scripts on a host that takes 5 s to start a shell', async (t) => {
  const connection = login(asked)
  const running = connection.exec('sleep 2000.625', { become: root(asked.password), timeLimitSeconds: 600 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.625')
  await until('it runs', isRunning)
  writeFileSync(join(asked.home, '.bashrc'), 'sleep 5\n')
  t.teardown(() => writeFileSync(join(asked.home, '.bashrc'), ''))
  await connection.close()
  await until('it is gone', () => !isRunning())
})

t.test('close() kills a script that ignores SIGHUP', async () => {
  const connection = login(asked)
  const script = "trap '' HUP TERM; (sleep 2000.375; sleep 2000.375) & sleep 2000.375; sleep 2000.375"
  const running = connection.exec(script, { become: root(asked.password), timeLimitSeconds: 600 })
  running.catch(() => undefined)
  const isRunning = (): boolean => processes().some(({ commandLine }) => commandLine === 'sleep 2000.375')
  await until('it runs', isRunning)
  await connection.close()
  await until('it is gone', () => !isRunning())
})

t.test('an unexpected sudo prompt is reported with its text', async (t) => {
  t.match(await questioned, {
    name: 'BecomeFailed',
    message:
      /^node1: sudo did not start a shell as root for .* within 12 s; last output: Verification code:\. It may ask for more than a password/,
  })
})

t.test('passwords and scripts appear in no command line', async (t) => {
  const connection = login(asked)
  const seen = new Set<string>()
  // The script runs until the test has found it.
  const go = join(sshd.folder, 'seen')
  const watch = setInterval(() => {
    for (const { commandLine } of processes()) seen.add(commandLine)
    if (seen.has('sleep 0.3125') && !existsSync(go)) writeFileSync(go, '')
  }, 5)
  t.teardown(() => clearInterval(watch))
  await run(connection, `until [ -e ${go} ]; do sleep 0.3125; done # script-text`, root(asked.password))
  const lines = [...seen].filter((line) => line.includes(asked.password) || line.includes('script-text'))
  t.same(lines, [])
  t.ok(seen.has('sleep 0.3125'), 'the processes were sampled while the script ran')
})
