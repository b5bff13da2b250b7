import type { Secret } from '../values/secret.ts'

/** The user a script runs as. */
export interface Become {
  readonly user: string
  /** Passed to sudo on stdin. Without one, sudo runs with `-n`. */
  readonly password?: Secret
}

export type OutputStream = 'stdout' | 'stderr'

export interface ExecOptions {
  readonly become?: Become
  /** The script is killed on the host after this many seconds. */
  readonly timeLimitSeconds: number
  /** Receives the output chunk by chunk instead of buffering it. Must not throw. */
  readonly onOutput?: (stream: OutputStream, chunk: Buffer) => void
}

/**
 * The result of one script. Bytes, because a packet may split a character and a file may be binary. Output passed to
 * {@link ExecOptions.onOutput} is not included.
 */
export interface ExecResult {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly exitCode: number
}

/** The connection to one host: opened by the first `exec`, kept for the entire run. Scripts run one after another. */
export interface Connection {
  /** Starts to connect in the background. The next `exec` reports an error. */
  preconnect(): void
  /**
   * Runs one script and returns its result, in one round trip. The script is sent on stdin and read completely before
   * its first command runs, so a connection lost while sending has no effect.
   *
   * @throws {Unreachable} the host cannot be reached, or the connection was lost before the script ended.
   * @throws {TimeLimit} the script exceeded its time limit and was killed on the host.
   * @throws {BecomeFailed} sudo is missing, denied it, or rejected the password.
   */
  exec(script: string, options: ExecOptions): Promise<ExecResult>
  /** Closes the connection; a running script gets SIGHUP. Never throws. */
  close(): Promise<void>
}

/** The host cannot be reached, or the connection was lost. `message` names the host, the cause and what to do. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** The connection was established and then lost: a reconnect may help. False if the host was never reached. */
  readonly lost: boolean
  /** The script may have started: how far it got is unknown. False only if nothing of it has run. */
  readonly began: boolean

  constructor(message: string, { lost = false, began = false } = {}) {
    super(message)
    this.lost = lost
    this.began = began
  }
}

/** A script exceeded its time limit. Has the output until then, unless it was passed to `onOutput`. */
export class TimeLimit extends Error {
  override readonly name = 'TimeLimit'
  readonly stdout: Buffer
  readonly stderr: Buffer

  constructor(message: string, stdout: Buffer, stderr: Buffer) {
    super(message)
    this.stdout = stdout
    this.stderr = stderr
  }
}

/** sudo did not start a shell as the requested user. */
export class BecomeFailed extends Error {
  override readonly name = 'BecomeFailed'
}
