import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Become } from '../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { Secret } from '../../src/values/secret.ts'
import { type Account, addAccount } from '../support/accounts.ts'
import { failsPastLogin } from '../support/retry-login.ts'
import { makeKey, type Sshd, startSshd } from '../support/sshd.ts'

// Hosts have different login shells, profiles, locales and tools. A script must do and print the same on each.

const sshd = await startSshd()
const accounts: Account[] = []
t.teardown(() =>
  sshd.stop().finally(() => {
    for (const account of accounts) account.remove()
  }),
)

function newAccount(options: Parameters<typeof addAccount>[0], files: Record<string, string> = {}): Account {
  const account = addAccount(options)
  accounts.push(account)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(account.home, name), text)
  return account
}

interface Run {
  on?: Sshd
  as?: Account
  become?: Become
  vars?: Record<string, unknown>
}

async function run(script: string, { on = sshd, as, become, vars = {} }: Run = {}) {
  const user = as === undefined ? {} : { ansible_user: as.name }
  const connection = openConnection(connectionSettings('node1', on.vars({ ...user, ...vars })))
  try {
    const { stdout, stderr, exitCode } = await connection.exec(script, {
      timeLimitSeconds: 20,
      ...(become ? { become } : {}),
    })
    return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode }
  } finally {
    await connection.close()
  }
}

const root: Become = { user: 'root' }
const fails = (outcome: Promise<unknown>): Promise<Error> =>
  outcome.then(
    () => {
      throw new Error('it went well')
    },
    (error: unknown) => error as Error,
  )

// Both take long, so they run beside the other tests.
const MENU = { ansible_ssh_timeout: 1 }
const menu = newAccount({ shell: '/bin/bash' }, { '.bashrc': 'echo choose:; cat >/dev/null\n' })
const stalled = failsPastLogin(() => run('true', { as: menu, vars: MENU }))
stalled.catch(() => undefined)

t.test('interactive, modifying and failing shell profiles have no effect', async (t) => {
  const bashrc =
    'stty -echo\nmesg n\nset -o noclobber\nalias ls=false\nPS1=x\ncd /\numask 077\nPATH=/usr/bin:/bin\nfalse\n'
  const account = newAccount(
    { shell: '/bin/bash', sudo: 'freely' },
    { '.bashrc': bashrc, '.profile': bashrc, '.hushlogin': '' },
  )
  const script =
    'pwd; umask; : >made; : >made; stat -c %a made; rm made; ls -d /; case $PATH in *sbin*) echo sbin ;; esac'
  t.same(await run(script, { as: account }), {
    stdout: `${account.home}\n0022\n644\n/\nsbin\n`,
    stderr: '',
    exitCode: 0,
  })
  t.same(await run(script, { as: account, become: root }), {
    stdout: '/root\n0022\n644\n/\nsbin\n',
    stderr: '',
    exitCode: 0,
  })
})

t.test('csh, fish and a message of the day have no effect', async (t) => {
  for (const shell of ['/usr/bin/fish', '/bin/tcsh', '/bin/csh']) {
    const account = newAccount({ shell, sudo: 'freely' }, { '.cshrc': 'stty -echo\necho welcome\nset noglob\n' })
    t.same(await run('id -un', { as: account, become: root }), { stdout: 'root\n', stderr: '', exitCode: 0 }, shell)
  }
  const greeting = join(sshd.folder, 'banner')
  writeFileSync(greeting, 'Unauthorised access is forbidden\n')
  const other = await startSshd({ config: [`Banner ${greeting}`, 'PrintMotd yes'] })
  t.teardown(() => other.stop())
  t.same(await run('echo fine', { on: other, as: newAccount({}) }), { stdout: 'fine\n', stderr: '', exitCode: 0 })
})

t.test('a profile that replaces the command with another shell is reported, and nothing runs in it', async (t) => {
  const account = newAccount({ shell: '/bin/bash', sudo: 'with password' }, { '.bashrc': 'exec bash --norc\n' })
  const proof = join(account.home, 'proof')
  t.match(await fails(run(`: >${proof}`, { as: account })), {
    name: 'Unreachable',
    lost: false,
    message: /login shell does not run commands; .* an exec or exit in the shell's profile/,
  })
  // The password is the first line that is sent: a shell in place of sudo would execute it.
  const password = new Secret(`: >${proof}`)
  const become = { user: 'root', password }
  const vars = { ansible_ssh_timeout: 1 }
  t.match(await failsPastLogin(() => run(`: >${proof}`, { as: account, become, vars })), {
    name: 'Unreachable',
    message: /login shell did not run the command within 12 s/,
  })
  t.notOk(existsSync(proof))
})

t.test('a forced command is reported, whether it exits, echoes or waits', async (t) => {
  const account = newAccount({ shell: '/bin/sh' })
  const forced = await startSshd({ config: ['ForceCommand echo only backups here'] })
  t.teardown(() => forced.stop())
  t.match(await fails(run('true', { on: forced, as: account })), {
    name: 'Unreachable',
    lost: false,
    began: false,
    message:
      `node1: ${account.name}'s login shell does not run commands; its output: only backups here. A ForceCommand in ` +
      "sshd_config, a command= in authorized_keys or an exec or exit in the shell's profile may prevent it: log in as a " +
      'user without it (ansible_user)',
  })
  const key = join(sshd.folder, 'limited')
  makeKey(key)
  appendFileSync(join(sshd.folder, 'authorized_keys'), `command="head -n 40" ${readFileSync(`${key}.pub`, 'utf8')}`)
  t.match(await fails(run('true', { as: account, vars: { ansible_ssh_private_key_file: key } })), {
    name: 'Unreachable',
    lost: false,
    message: /login shell does not run commands; .* a command= in authorized_keys/,
  })
})

t.test("tools print English regardless of the host's locale", async (t) => {
  // C.UTF-8 always exists; with LANGUAGE it activates any installed translation.
  const set = 'SetEnv LANG=C.UTF-8 LC_ALL=C.UTF-8 LANGUAGE=de:ru LC_MESSAGES=ru_RU.UTF-8'
  const german = await startSshd({ config: ['AcceptEnv LANG LC_*', set] })
  t.teardown(() => german.stop())
  const look = 'ls /nowhere; echo "$LC_ALL[$LANGUAGE]"; printf "%.1f\\n" 1.5'
  const expected = {
    stdout: 'C[]\n1.5\n',
    stderr: "ls: cannot access '/nowhere': No such file or directory\n",
    exitCode: 0,
  }
  const bashrc = 'export LANG=de_DE.UTF-8 LC_ALL=C.UTF-8 LANGUAGE=de LC_NUMERIC=de_DE.UTF-8\n'
  const account = newAccount({ shell: '/bin/bash', sudo: 'with password' }, { '.bashrc': bashrc })
  t.same(await run(look, { on: german, as: account }), expected)
  const become = { user: 'root', password: new Secret(account.password) }
  t.same(await run(look, { on: german, as: account, become }), expected)
  t.match(await fails(run('true', { on: german, as: account, become: root })), {
    message: /sudo asks .* for a password, and none is set/,
  })
})

t.test('nothing is executed or written in /tmp', async (t) => {
  const bare = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount --bind /tmp /tmp && mount -o remount,bind,ro,noexec /tmp && exec "$@"',
    'sh',
  ]
  const other = await startSshd({ within: bare })
  t.teardown(() => other.stop())
  const account = newAccount({ shell: '/bin/bash', sudo: 'with password' })
  const long = `: # ${'x'.repeat(300_000)}\n`
  const script = `${long}touch /tmp/labbook-test 2>/dev/null || echo read-only; cat <<'EOF' | wc -l\n${'y\n'.repeat(50_000)}EOF\n`
  const become = { user: 'root', password: new Secret(account.password) }
  for (const more of [{}, { become }]) {
    t.same(
      await run(script, { on: other, as: account, ...more }),
      {
        stdout: 'read-only\n50000\n',
        stderr: '',
        exitCode: 0,
      },
      JSON.stringify(more),
    )
  }
})

t.test('a script longer than a pipe leaves no file behind if sh is bash', async (t) => {
  const account = newAccount(
    { shell: '/bin/bash' },
    { '.bashrc': 'export TMPDIR=$HOME/scratch; PATH=$HOME/bin:$PATH\n' },
  )
  mkdirSync(join(account.home, 'bin'))
  mkdirSync(join(account.home, 'scratch'))
  execFileSync('chown', ['-R', account.name, account.home])
  symlinkSync('/bin/bash', join(account.home, 'bin/sh'))
  const script = `: # ${'x'.repeat(300_000)}\necho "\${BASH_VERSION:+bash}"; ls -A ${account.home}/scratch`
  t.same(await run(script, { as: account }), { stdout: 'bash\n', stderr: '', exitCode: 0 })
})

t.test('clock jumps on either side affect no time limit', async (t) => {
  const account = newAccount({ shell: '/bin/bash' }, { '.bashrc': 'PATH=$HOME/bin:$PATH\n' })
  mkdirSync(join(account.home, 'bin'))
  const asked = join(account.home, 'asked')
  const date = `#!/bin/sh\necho x >>${asked}; echo $(($(wc -l <${asked}) * 100000))\n`
  writeFileSync(join(account.home, 'bin/date'), date, { mode: 0o755 })
  execFileSync('chown', ['-R', account.name, account.home])
  const wall = Date.now
  let ahead = 0
  Date.now = () => wall() + (ahead += 3_600_000)
  t.teardown(() => {
    Date.now = wall
  })
  t.match(await run('sleep 0.2; exit 124', { as: account }), { exitCode: 124 })
  const connection = openConnection(connectionSettings('node1', sshd.vars({ ansible_user: account.name })))
  t.teardown(() => connection.close())
  await t.rejects(connection.exec('sleep 1002.25', { timeLimitSeconds: 1 }), {
    name: 'TimeLimit',
    message: /within 1 s/,
  })
  const { stdout } = await connection.exec('date', { timeLimitSeconds: 20 })
  t.equal(stdout.toString(), '100000\n', 'Labbook has not called date on the host')
})

t.test('a hanging login shell times out', async (t) => {
  t.match(await stalled, {
    name: 'Unreachable',
    lost: false,
    message:
      `node1: ${menu.name}'s login shell did not run the command within 12 s; its output: choose:. A ForceCommand in ` +
      "sshd_config, a command= in authorized_keys or an exec or exit in the shell's profile may prevent it: log in as a " +
      'user without it (ansible_user)',
  })
})
