import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'

/** A user of this machine, for a test. */
export interface Account {
  readonly name: string
  readonly home: string
  readonly password: string
  remove(): void
}

/** Adds a user; needs root. `sudo`: what it may do by sudo. */
export function addAccount({
  shell = '/bin/sh',
  sudo = 'nothing' as 'nothing' | 'with password' | 'freely',
} = {}): Account {
  const name = `lbtest-${randomBytes(4).toString('hex')}`
  const password = `right-${randomBytes(6).toString('hex')}`
  const sudoers = `/etc/sudoers.d/${name}`
  alone('useradd', ['--create-home', '--shell', shell, name])
  execFileSync('chpasswd', { input: `${name}:${password}\n` })
  if (sudo !== 'nothing') {
    // The harder kind of sudo: it asks for a password for ever, and remembers one for all of the user's sessions.
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
    alone('userdel', ['--force', '--remove', name])
  }
  // A test that is cut short must not leave an account that may become root.
  process.once('exit', remove)
  return { name, home: `/home/${name}`, password, remove }
}

/** Two at a time would find /etc/passwd locked. */
const alone = (command: string, args: readonly string[]): void => {
  execFileSync('flock', ['/tmp/labbook-test-accounts.lock', command, ...args], { stdio: 'ignore' })
}
