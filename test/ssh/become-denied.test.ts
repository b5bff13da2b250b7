import { execFileSync } from 'node:child_process'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { Secret } from '../../src/values/secret.ts'
import { type Account, addAccount } from '../support/accounts.ts'
import { startSshd } from '../support/sshd.ts'

const free = addAccount({ sudo: 'freely', shell: '/bin/bash' })
const asked = addAccount({ sudo: 'with password' })
const shellless = addAccount({ sudo: 'freely', shell: '/usr/sbin/nologin' })
const files = addAccount({ sudo: 'freely' })
const sshd = await startSshd({ matches: [`Match User ${files.name}`, 'ForceCommand internal-sftp'] })
const PAM = `/etc/pam.d/${asked.name}`
t.teardown(async () => {
  rmSync(PAM, { force: true })
  await sshd.stop().finally(() => {
    for (const account of [free, asked, shellless, files]) account.remove()
  })
})

async function run({ name }: Account, script: string, vars: Record<string, unknown> = {}): Promise<string> {
  const settings = connectionSettings('node1', sshd.vars({ ansible_user: name, ...vars }))
  const connection = openConnection(settings)
  const { user, password } = settings.become
  try {
    const become = { user, ...(password === undefined ? {} : { password: new Secret(password.reveal()) }) }
    return (await connection.exec(script, { timeLimitSeconds: 10, become })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

const loginShell = (account: Account, output: string) => ({
  name: 'Unreachable',
  message:
    `node1: ${account.name}'s login shell does not run commands; its output: ${output}. A ForceCommand in sshd_config, a ` +
    "command= in authorized_keys or an exec or exit in the shell's profile may prevent it: log in as a user without it " +
    '(ansible_user)',
})

t.test('what prevents the login shell is not blamed on sudo', async (t) => {
  await t.rejects(run(shellless, 'true'), loginShell(shellless, 'This account is currently not available'))
  await t.rejects(run(files, 'true'), loginShell(files, 'This service allows sftp connections only'))
  writeFileSync(join(free.home, '.bashrc'), 'exit\n')
  await t.rejects(run(free, 'true'), loginShell(free, 'nothing'))
  rmSync(join(free.home, '.bashrc'))
})

t.test('a second factor of sudo is not blamed on the password', async (t) => {
  const secret = join(sshd.folder, 'factor')
  writeFileSync(secret, 'JBSWY3DPEHPK3PXP\n" TOTP_AUTH\n', { mode: 0o600 })
  appendFileSync(`/etc/sudoers.d/${asked.name}`, `Defaults:${asked.name} pam_service=${asked.name}\n`)
  const stack = `auth requisite pam_unix.so
auth required pam_google_authenticator.so secret=${secret} user=root
account required pam_unix.so
session required pam_unix.so
`
  writeFileSync(PAM, stack)
  await t.rejects(run(asked, 'true', { ansible_become_password: asked.password }), {
    name: 'BecomeFailed',
    message: `node1: sudo asks ${asked.name} for more than a password to become root. Labbook cannot answer that: exempt`,
  })
  await t.rejects(run(asked, 'true', { ansible_become_password: 'wrong one' }), {
    message: `node1: sudo rejected the password of ${asked.name}`,
  })
  writeFileSync(PAM, stack.replace('pam_google_authenticator.so', 'pam_echo.so file=/etc/debian_version #'))
  t.equal(await run(asked, 'id -un', { ansible_become_password: asked.password }), 'root')
  rmSync(PAM)
})

t.test('ansible_become_exe and ansible_become_flags are honoured', async (t) => {
  const exe = join(sshd.folder, 'my-sudo')
  writeFileSync(exe, '#!/bin/sh\necho "$*" >>"$0.log"\nexec sudo "$@"\n', { mode: 0o755 })
  writeFileSync(`${exe}.log`, '')
  execFileSync('chmod', ['666', `${exe}.log`])
  t.equal(await run(free, 'id -un', { ansible_become_exe: exe }), 'root')
  const log = (): string => execFileSync('tail', ['-n', '1', `${exe}.log`], { encoding: 'utf8' })
  t.match(log(), /^-H -n -u root sh -c /)
  t.equal(await run(free, 'echo "$HOME:$PWD"', { ansible_sudo_exe: exe, ansible_sudo_flags: '-i' }), '/root:/root')
  t.match(log(), /^-i -n -u root sh -c /)
  appendFileSync(`/etc/sudoers.d/${free.name}`, `${free.name} ALL=(ALL:ALL) NOPASSWD: ALL\n`)
  const flags = { ansible_become_exe: exe, ansible_become_flags: '-H -S -n -g games' }
  t.equal(await run(free, 'id -gn', flags), 'games')
  t.match(log(), /^-H -g games -n -u root sh -c /)
  await t.rejects(run(free, 'true', { ansible_become_exe: '/nowhere/sudo' }), {
    name: 'BecomeFailed',
    message: 'node1: "/nowhere/sudo" cannot be run on node1: correct ansible_become_exe',
  })
  for (const shell of ['/bin/bash', '/usr/bin/fish', '/bin/tcsh']) {
    execFileSync('usermod', ['--shell', shell, free.name])
    t.equal(await run(free, 'id -un', { ansible_become_flags: '-E -s' }), 'root', shell)
  }
})
