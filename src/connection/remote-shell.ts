import { becomeTimeoutMessage, explainBecomeFailure, type BecomeContext } from './become-failure.ts'
import type { Channel, ChannelEnd, Transport } from './transport.ts'
import { type Become, BecomeFailed, type OutputStream, Unreachable } from './connection.ts'
import type { DelimitedStream } from './delimited-stream.ts'
import { promptPattern } from './session-program.ts'

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
}

export const becomeContext = ({ transport: { name, user }, become }: ShellOwner, asked = user): BecomeContext => ({
  host: name,
  login: user,
  user: become?.user ?? user,
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
  if (owner.become !== undefined) {
    const printed = shell.stderr.recent().toString()
    const asked = [...printed.matchAll(promptPattern(shell.token))].at(-1)?.[1]
    return new BecomeFailed(
      explainBecomeFailure(becomeContext(owner, asked), printed.replaceAll(promptPattern(shell.token), '')),
    )
  }
  return new Unreachable(
    `${name}: ${user}'s login shell does not run commands; its output: ${lastLine(shell)}. ${NOT_A_SHELL}`,
  )
}

/** Explains why a shell has not started after `seconds`. */
export function explainShellTimeout(owner: ShellOwner, shell: RemoteShell, seconds: number): Error {
  const output = lastLine(shell)
  if (owner.become !== undefined) return new BecomeFailed(becomeTimeoutMessage(becomeContext(owner), seconds, output))
  const { name, user } = owner.transport
  return new Unreachable(
    `${name}: ${user}'s login shell did not run the command within ${seconds} s; its output: ${output}. ${NOT_A_SHELL}`,
  )
}

/** What may run instead of the shell. */
const NOT_A_SHELL =
  "A ForceCommand in sshd_config, a command= in authorized_keys or an exec in the shell's profile may prevent " +
  'it: log in as a user without it (ansible_user)'

function lastLine(shell: RemoteShell): string {
  const errors = shell.stderr.recent().toString().replaceAll(promptPattern(shell.token), '')
  return `${errors}\n${shell.stdout.recent().toString()}`.trim().split('\n').at(-1)?.trim() || 'nothing'
}
