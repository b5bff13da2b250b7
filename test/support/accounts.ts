import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'

/** A temporary user of this machine. */
export interface Account {
  readonly name: string
  readonly home: string
  readonly password: string
  remove(): void
}

/** Adds a user; needs root. */
export function addAccount({ shell = '/bin/sh', sudo = 'nothing' } = {}): Account {
  const name = `lbtest-${randomBytes(4).toString('hex')}`
  const password = `right-${randomBytes(6).toString('hex')}`
  const sudoers = `/etc/sudoers.d/${name}`
  serialized('useradd', ['--create-home', '--shell', shell, name])
  execFileSync('chpasswd', { input: `${name}:${password}\n` })
  if (sudo !== 'nothing') {
    // The harder kind of sudo: it prompts again and again, and caches the password for all sessions of the user.
    writeFileSync(
      sudoers,
      `Defaults:${name} passwd_tries=50, timestamp_type=global\n` +
        `${name} ALL=(ALL) ${sudo === 'freely' ? 'NOPASSWD: ' : ''}ALL\n`,
      { mode: 0o440 },
    )
  }
  const remove = (): void => {
    process.removeListener('exit', remove)
    rmSync(sudoers, { force: true })
    serialized('userdel', ['--force', '--remove', name])
  }
  // An interrupted test must not leave an account with sudo.
  process.once('exit', remove)
  return { name, home: `/home/${name}`, password, remove }
}

/** Serialized, since concurrent calls fail on the lock of /etc/passwd. */
const serialized = (command: string, args: readonly string[]): void => {
  execFileSync('flock', ['/tmp/labbook-test-accounts.lock', command, ...args], { stdio: 'ignore' })
}
