import { becomeStalled, explainBecomeFailure, type Who } from './become-failure.ts'
import type { Channel, Ending, Line } from './channel.ts'
import { type Become, BecomeFailed, type StreamName, Unreachable } from './connection.ts'
import type { MarkedStream } from './marked-stream.ts'
import { promptPattern } from './program.ts'

/** A shell on a host, from the moment it was asked for. */
export interface Shell {
  readonly channel: Channel
  /** By which its processes are known on the host. */
  readonly token: string
  /**
   * Resolves when what waits there may get the password: sudo, and never a shell that a profile has put in its place.
   */
  readonly invited: Promise<void>
  readonly stdout: MarkedStream
  readonly stderr: MarkedStream
  /** Never resolves; rejects when the shell is gone. */
  readonly failed: Promise<never>
  /** Written before the first exchange; empty afterwards. */
  opening: string
  /** The mark the shell prints once it is there; empty once it was seen. */
  ready: string
}

/** The words on stdout behind a mark that stands on both streams. */
export async function both(
  shell: Shell,
  mark: string,
  take: (stream: StreamName, chunk: Buffer) => void = () => undefined,
): Promise<readonly string[]> {
  const [words] = await Promise.all(
    (['stdout', 'stderr'] as const).map((name) =>
      shell[name].until(mark, (chunk) => {
        take(name, chunk)
      }),
    ),
  )
  return words ?? []
}

/** Whose shell it should have become. */
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

/** What it means that a shell has ended. */
export function explainEnd(owner: Owner, shell: Shell, ending: Ending): Error {
  const { name, user } = owner.line
  if (shell.ready === '') {
    const what = ending.exited
      ? 'the shell on the host was ended while it ran a script'
      : `the connection was lost while a script ran (${ending.why})`
    return new Unreachable(`${name}: ${what}; how far it came is not known`, { lost: true, began: true })
  }
  if (!ending.exited) {
    const message = `${name}: the connection was lost before a shell had started (${ending.why})`
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
    `${name}: ${user}'s login shell does not run commands; it said: ${lastWords(shell)}. ${NOT_A_SHELL}`,
  )
}

/** What it means that a process that should have become a shell still waits for something after `seconds`. */
export function explainStall(owner: Owner, shell: Shell, seconds: number): Error {
  const said = lastWords(shell)
  if (owner.become !== undefined) return new BecomeFailed(becomeStalled(whoOf(owner), seconds, said))
  const { name, user } = owner.line
  return new Unreachable(
    `${name}: ${user}'s login shell has not run our command after ${seconds} s; it said: ${said}. ${NOT_A_SHELL}`,
  )
}

/** What may stand in a shell's place. */
const NOT_A_SHELL =
  "A ForceCommand in sshd_config, a command= in authorized_keys or an exec in the shell's profile may stand in " +
  'its way: log in as a user without it (ansible_user)'

function lastWords(shell: Shell): string {
  const errors = shell.stderr.kept().toString().replaceAll(promptPattern(shell.token), '')
  return `${errors}\n${shell.stdout.kept().toString()}`.trim().split('\n').at(-1)?.trim() || 'nothing'
}
