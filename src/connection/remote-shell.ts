import {
  becomeTimeoutMessage,
  explainBecomeFailure,
  explainPasswordRefusal,
  type BecomeContext,
} from './become-failure.ts'
import type { Channel, ChannelEnd, Transport } from './transport.ts'
import { type Become, BecomeFailed, type OutputStream, Unreachable } from './connection.ts'
import type { DelimitedStream } from './delimited-stream.ts'
import { loggedInMarker, NO_PRINTF, promptPattern, type SudoCommand } from './session-program.ts'

/** A shell process on a host, from the moment it was requested. */
export interface RemoteShell {
  readonly channel: Channel
  /** Identifies its processes on the host. */
  readonly token: string
  /** Resolves when the password can be sent: sudo waits for it, not a shell that a profile started instead. */
  readonly passwordPrompted: Promise<void>
  readonly stdout: DelimitedStream
  readonly stderr: DelimitedStream
  /** Never resolves; rejects when the shell has ended. */
  readonly failed: Promise<never>
  /** Sent before the first script; empty afterwards. */
  preamble: string
  /** The delimiter that the shell prints once it has started; empty once it was received. */
  readyDelimiter: string
}

/** Reads both streams up to a delimiter. @returns its fields on stdout. */
export async function readBothUntil(
  shell: RemoteShell,
  mark: string,
  handleChunk: (stream: OutputStream, chunk: Buffer) => void = () => undefined,
): Promise<readonly string[]> {
  const [fields] = await Promise.all(
    (['stdout', 'stderr'] as const).map((name) =>
      shell[name].readUntil(mark, (chunk) => {
        handleChunk(name, chunk)
      }),
    ),
  )
  return fields ?? []
}

/** The host and the user of a shell. */
export interface ShellOwner {
  readonly transport: Transport
  readonly become: Become | undefined
  readonly sudo?: SudoCommand | undefined
}

const becomeContext = ({ transport: { name, user }, become, sudo }: ShellOwner, asked = user): BecomeContext => ({
  host: name,
  login: user,
  user: become?.user ?? user,
  exe: sudo?.exe,
  passwordUser: asked,
})

/** Explains why a shell has ended. */
export function explainShellEnd(owner: ShellOwner, shell: RemoteShell, ending: ChannelEnd): Error {
  const { name, user } = owner.transport
  if (shell.readyDelimiter === '') {
    const what = ending.exited
      ? 'the shell on the host was killed while it ran a script'
      : `the connection was lost while a script ran (${ending.reason})`
    return new Unreachable(`${name}: ${what}; how far it got is unknown`, { lost: true, began: true })
  }
  if (!ending.exited) {
    const message = `${name}: the connection was lost before a shell started (${ending.reason})`
    return new Unreachable(message, { lost: true, began: shell.preamble === '' })
  }
  const errors = shell.stderr.recent().toString()
  if (errors.includes(NO_PRINTF)) return new Unreachable(`${name}: ${NO_PRINTF} on it: install dash there`)
  if (owner.become !== undefined && hasLoggedIn(shell)) {
    const asked = [...errors.matchAll(promptPattern(shell.token))].at(-1)?.[1]
    const printed = errors.trim() === '' ? outputAfterLogin(shell) : errors
    return new BecomeFailed(
      explainBecomeFailure(becomeContext(owner, asked), printed.replaceAll(promptPattern(shell.token), '')),
    )
  }
  const output = outputOf(shell)
  if (ending.code === NO_SESSION_CODE) {
    return new Unreachable(
      `${name}: sshd started no shell for ${user}; its output: ${output}. /etc/nologin, a limit of PAM ` +
        '(/etc/security/limits.conf) or a directory service may prevent it: its log has the reason (journalctl -u ssh)',
    )
  }
  if (/password has expired|password change required/i.test(output)) {
    return new Unreachable(
      `${name}: the password of ${user} has expired; sshd printed: ${output}. Change it there, or log in as another ` +
        'user (ansible_user)',
    )
  }
  return new Unreachable(`${name}: ${user}'s login shell does not run commands; its output: ${output}. ${NOT_A_SHELL}`)
}

/** Explains a second prompt of sudo: the password was wrong, or sudo asked for more. */
export function explainRefusedPassword(owner: ShellOwner, shell: RemoteShell): BecomeFailed {
  // Text before the first prompt, whose password, text, whose password, text.
  const [, , between = '', asked = '', after = ''] = shell.stderr.recent().toString().split(promptPattern(shell.token))
  return new BecomeFailed(explainPasswordRefusal(becomeContext(owner, asked), between, after))
}

/** sshd's exit code when it does not start the session of a user who is logged in. */
const NO_SESSION_CODE = 254

/** Whether the login shell ran the command: only then can sudo be the cause. */
const hasLoggedIn = (shell: RemoteShell): boolean =>
  shell.stdout.recent().toString().includes(loggedInMarker(shell.token))

const outputAfterLogin = (shell: RemoteShell): string =>
  shell.stdout.recent().toString().split(loggedInMarker(shell.token)).at(-1) ?? ''

/** Explains why a shell has not started after `seconds`. */
export function explainShellTimeout(owner: ShellOwner, shell: RemoteShell, seconds: number): Error {
  const output = outputOf(shell)
  if (owner.become !== undefined && hasLoggedIn(shell))
    return new BecomeFailed(becomeTimeoutMessage(becomeContext(owner), seconds, output))
  const { name, user } = owner.transport
  return new Unreachable(
    `${name}: ${user}'s login shell did not run the command within ${seconds} s; its output: ${output}. ${NOT_A_SHELL}`,
  )
}

/** What may run instead of the shell. */
const NOT_A_SHELL =
  "A ForceCommand in sshd_config, a command= in authorized_keys or an exec or exit in the shell's profile may prevent " +
  'it: log in as a user without it (ansible_user)'

/** The last line that a shell printed, errors first. */
function outputOf(shell: RemoteShell): string {
  const errors = shell.stderr.recent().toString().replaceAll(promptPattern(shell.token), '')
  const output = shell.stdout.recent().toString().replace(loggedInMarker(shell.token), '')
  return `${output}\n${errors}`.trim().split('\n').at(-1)?.trim().replace(/\.+$/, '') || 'nothing'
}
