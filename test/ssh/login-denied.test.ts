import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { addAccount } from '../support/accounts.ts'
import { until } from '../support/processes.ts'
import { makeKey, startSshd, type Sshd } from '../support/sshd.ts'
import { startThrowaway } from '../support/throwaway.ts'

delete process.env['SSH_AUTH_SOCK']

const plain = addAccount()
const expired = addAccount()
const stale = addAccount()
const limited = addAccount({ sudo: 'freely' })
const typed = addAccount()
const coded = addAccount()
const both = addAccount()
const shut = addAccount()
const keyed = addAccount()
const accounts = [plain, expired, stale, limited, typed, coded, both, shut, keyed]
const LIMITS = `/etc/security/limits.d/${limited.name}.conf`

const sshd = await startSshd({
  config: ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'LogLevel VERBOSE'],
  matches: [
    `Match User ${plain.name}`,
    'Banner /etc/debian_version',
    `Match User ${typed.name}`,
    'AuthenticationMethods keyboard-interactive',
    `Match User ${coded.name}`,
    'AuthenticationMethods keyboard-interactive',
    `Match User ${both.name}`,
    'AuthenticationMethods password,publickey',
    `Match User ${shut.name}`,
    'AuthenticationMethods publickey',
    `Match User ${keyed.name}`,
    'AuthenticationMethods publickey,password',
  ],
})
t.teardown(async () => {
  rmSync(LIMITS, { force: true })
  await sshd.stop().finally(() => {
    for (const account of accounts) account.remove()
  })
})
const where = `127.0.0.1 port ${sshd.port}`

async function run(more: Record<string, unknown>, script = 'id -un', host: Sshd = sshd): Promise<string> {
  const settings = connectionSettings('node1', host.vars(more))
  const connection = openConnection(settings)
  const { always, user } = settings.become
  try {
    const become = always ? { become: { user } } : {}
    return (await connection.exec(script, { timeLimitSeconds: 10, ...become })).stdout.toString().trim()
  } finally {
    await connection.close()
  }
}

async function refusal(
  t: Test,
  more: Record<string, unknown>,
  host: Sshd = sshd,
): Promise<{ message: string; logins: number }> {
  const before = logins(host)
  const error = (await run(more, 'true', host).then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  )) as Error
  const { name, message } = error
  t.equal(name, 'Unreachable', 'the exit status is 4')
  return { message, logins: logins(host) - before }
}

const logins = (host: Sshd): number => host.log().split('Connection from ').length
const failures = (user: string): string[] =>
  sshd
    .log()
    .split('\n')
    .filter((line) => /^Failed (password|keyboard|none)/.test(line) && line.includes(` for ${user} `))
const byPassword = { ansible_ssh_private_key_file: undefined, ansible_password: 'wrong one' }

t.test('a wrong password costs one attempt', async (t) => {
  const { message, logins } = await refusal(t, { ...byPassword, ansible_user: plain.name })
  const version = readFileSync('/etc/debian_version', 'utf8').trim()
  t.equal(
    message,
    `node1: ${where} denied ${plain.name} access with the password. It printed: ${version}. Possible remedies: ` +
      'correct ansible_password or ansible_user',
  )
  t.equal(logins, 1)
  await until('sshd has logged it', () => failures(plain.name).length > 0)
  t.match(failures(plain.name), [/^Failed password/], 'sshd counts one failure')
  t.equal(failures(plain.name).length, 1)
})

t.test('a password asked for interactively is sent once', async (t) => {
  const login = { ...byPassword, ansible_user: typed.name }
  t.equal(await run({ ...login, ansible_password: typed.password }), typed.name)
  t.same(failures(typed.name), [], 'nothing else was tried before')
  const { message } = await refusal(t, login)
  t.match(message, `denied ${typed.name} access with the password: correct ansible_password or ansible_user`)
  await until('sshd has logged it', () => failures(typed.name).length > 0)
  t.match(failures(typed.name), [/^Failed keyboard-interactive/])
  t.equal(failures(typed.name).length, 1)
})

t.test('a server that takes no passwords gets none', async (t) => {
  const { message } = await refusal(t, { ...byPassword, ansible_user: shut.name })
  t.match(message, `${where} accepts only publickey from ${shut.name}: ansible_password was not sent: sshd there`)
  t.same(failures(shut.name), [])
})

t.test('a server may demand a password and a key', async (t) => {
  const password = { ansible_user: both.name, ansible_password: both.password }
  t.equal(await run(password), both.name)
  const { message } = await refusal(t, { ...password, ansible_ssh_private_key_file: undefined })
  t.match(message, `${where} accepted the password of ${both.name}, but demands another method (publickey) too`)
  t.match(
    (await refusal(t, { ansible_user: both.name })).message,
    /accepts only password from .*: set ansible_password$/,
  )
})

t.test('a server may demand a key and then a password', async (t) => {
  const rsa = join(sshd.folder, 'rsa')
  makeKey(rsa, 'rsa')
  appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${rsa}.pub`))
  for (const ansible_ssh_private_key_file of [sshd.keyFile, rsa]) {
    const key = { ansible_user: keyed.name, ansible_ssh_private_key_file }
    t.equal(await run({ ...key, ansible_password: keyed.password }), keyed.name)
    t.match(
      (await refusal(t, key)).message,
      `${where} accepted the key ${ansible_ssh_private_key_file} of ${keyed.name}, but demands another method (password) too`,
    )
  }
})

t.test('an expired account is named as such by PAM, after one login', async (t) => {
  execFileSync('usermod', ['--expiredate', '1970-01-02', expired.name])
  const { message, logins } = await refusal(t, { ansible_user: expired.name })
  t.match(
    message,
    `node1: ${where} closed the connection while ${expired.name} logged in with the key ${sshd.keyFile}. It printed: ` +
      'Your account has expired; please contact your system administrator. The account may be expired or locked',
  )
  t.equal(logins, 1)
})

t.test('an expired password is named as such', async (t) => {
  execFileSync('chage', ['-d', '0', stale.name])
  for (const ansible_become of [false, true]) {
    const { message } = await refusal(t, { ansible_user: stale.name, ansible_become })
    t.match(message, `node1: the password of ${stale.name} has expired; sshd printed: Password change required`)
  }
})

t.test('a session that PAM refuses is not blamed on the shell, nor on sudo', async (t) => {
  writeFileSync(LIMITS, `${limited.name} - maxlogins 0\n`)
  for (const ansible_become of [false, true]) {
    const { message, logins } = await refusal(t, { ansible_user: limited.name, ansible_become })
    t.match(
      message,
      `node1: sshd started no shell for ${limited.name}; its output: There were too many logins for '${limited.name}'. /etc/nologin`,
    )
    t.equal(logins, 1)
  }
})

t.test('/etc/nologin and a second factor are named', async (t) => {
  const host = await startThrowaway(
    `echo 'Down for maintenance until noon' >$root/etc/nologin
cat >$root/etc/pam.d/sshd <<'END'
auth required pam_unix.so
auth required pam_google_authenticator.so secret=/etc/factor user=root
account required pam_nologin.so
account required pam_unix.so
session required pam_unix.so
END
printf 'JBSWY3DPEHPK3PXP\\n" TOTP_AUTH\\n' >$root/etc/factor
chmod 600 $root/etc/factor`,
    ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication no', 'LogLevel VERBOSE'],
  )
  t.teardown(() => host.stop())
  const { message, logins } = await refusal(t, { ansible_user: plain.name }, host.sshd)
  t.match(message, /closed the connection while .* logged in .*\. It printed: Down for maintenance until noon\. /)
  t.equal(logins, 1)
  const asked = await refusal(
    t,
    { ...byPassword, ansible_user: coded.name, ansible_password: coded.password },
    host.sshd,
  )
  t.match(asked.message, `asks ${coded.name} for more than a password: "Verification code:"`)
})

t.test('/etc/nologin is named where sshd reads it itself, without PAM', async (t) => {
  const host = await startThrowaway(`echo 'Closed until noon' >$root/etc/nologin`, ['UsePAM no', 'LogLevel VERBOSE'])
  t.teardown(() => host.stop())
  for (const ansible_become of [false, true]) {
    const { message, logins } = await refusal(t, { ansible_user: plain.name, ansible_become }, host.sshd)
    t.match(message, `node1: sshd started no shell for ${plain.name}; its output: Closed until noon`)
    t.equal(logins, 1)
  }
})
