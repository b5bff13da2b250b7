import { becomeStalled, explainBecomeFailure, type Who } from './become-failure.ts'
import type { Channel, Ending, Line } from './channel.ts'
import { type Become, BecomeFailed, type StreamName, Unreachable } from './connection.ts'
import type { MarkedStream } from './marked-stream.ts'
import { promptPattern } from './program.ts'

/** A shell process on a host, from the moment it was requested. */
export interface Shell {
  readonly channel: Channel
  /** Identifies its processes on the host. */
  readonly token: string
  /** Resolves when the password can be sent: sudo waits for it, not a shell that a profile started instead. */
  readonly invited: Promise<void>
  readonly stdout: MarkedStream
  readonly stderr: MarkedStream
  /** Never resolves; rejects when the shell has ended. */
  readonly failed: Promise<never>
  /** Sent before the first script; empty afterwards. */
  opening: string
  /** The delimiter that the shell prints once it has started; empty once it was received. */
  ready: string
}

/** Reads both streams up to a delimiter. @returns its fields on stdout. */
export async function both(
  shell: Shell,
  mark: string,
  handleChunk: (stream: StreamName, chunk: Buffer) => void = () => undefined,
): Promise<readonly string[]> {
  const [fields] = await Promise.all(
    (['stdout', 'stderr'] as const).map((name) =>
      shell[name].until(mark, (chunk) => {
        handleChunk(name, chunk)
      }),
    ),
  )
  return fields ?? []
}

/** The host and the user of a shell. */
export interface Owner {
  readonly line: Line
  readonly become: Become | undefined
}

export const whoOf = ({ line: { name, user }, become }: Owner, asked = user): Who => ({
  host: name,
  login: user,
  user: become?.user ?? user,
  asked,
})

/** Explains why a shell has ended. */
export function explainEnd(owner: Owner, shell: Shell, ending: Ending): Error {
  const { name, user } = owner.line
  if (shell.ready === '') {
    const what = ending.exited
      ? 'the shell on the host was killed while it ran a script'
      : `the connection was lost while a script ran (${ending.why})`
    return new Unreachable(`${name}: ${what}; how far it got is unknown`, { lost: true, began: true })
  }
  if (!ending.exited) {
    const message = `${name}: the connection was lost before a shell started (${ending.why})`
    return new Unreachable(message, { lost: true, began: shell.opening === '' })
  }
  if (owner.become !== undefined) {
    const printed = shell.stderr.kept().toString()
    const asked = [...printed.matchAll(promptPattern(shell.token))].at(-1)?.[1]
    return new BecomeFailed(
      explainBecomeFailure(whoOf(owner, asked), printed.replaceAll(promptPattern(shell.token), '')),
    )
  }
  return new Unreachable(
    `${name}: ${user}'s login shell does not run commands; its output: ${lastLine(shell)}. ${NOT_A_SHELL}`,
  )
}

/** Explains why a shell has not started after `seconds`. */
export function explainStall(owner: Owner, shell: Shell, seconds: number): Error {
  const output = lastLine(shell)
  if (owner.become !== undefined) return new BecomeFailed(becomeStalled(whoOf(owner), seconds, output))
  const { name, user } = owner.line
  return new Unreachable(
    `${name}: ${user}'s login shell did not run the command within ${seconds} s; its output: ${output}. ${NOT_A_SHELL}`,
  )
}

/** What may run instead of the shell. */
const NOT_A_SHELL =
  "A ForceCommand in sshd_config, a command= in authorized_keys or an exec in the shell's profile may prevent " +
  'it: log in as a user without it (ansible_user)'

function lastLine(shell: Shell): string {
  const errors = shell.stderr.kept().toString().replaceAll(promptPattern(shell.token), '')
  return `${errors}\n${shell.stdout.kept().toString()}`.trim().split('\n').at(-1)?.trim() || 'nothing'
}
