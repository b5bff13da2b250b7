import type { Secret } from '../values/secret.ts'

/** Whose rights a script runs with. */
export interface Become {
  readonly user: string
  /** For sudo, on its stdin. Without one, sudo must not ask (`sudo -n`). */
  readonly password?: Secret
}

export type StreamName = 'stdout' | 'stderr'

export interface ExchangeOptions {
  readonly become?: Become
  /** The script is ended on the target after this many seconds. */
  readonly timeLimitSeconds: number
  /** Takes what the script prints as it comes, so that nothing has to hold it all. Must not throw. */
  readonly onOutput?: (stream: StreamName, chunk: Buffer) => void
}

/**
 * What came back from one round trip. Bytes, because a character may be cut by a packet and a file may be binary. What
 * went to {@link ExchangeOptions.onOutput} is not in it.
 */
export interface Exchange {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly exitCode: number
}

/** One host's line: opened at the first exchange, kept for the whole run. Exchanges on it run one after another. */
export interface Connection {
  /**
   * Begins to connect, so that this goes on while the first script is being written. How it went, the next exchange
   * tells.
   */
  open(): void
  /**
   * Sends one script and reads its answer. The script travels on stdin and is read whole before its first command runs,
   * so a line that breaks while sending has done nothing.
   *
   * @throws {Unreachable} the host cannot be reached, or the line broke before the script's end was seen.
   * @throws {TimeLimit} the script did not end in time; it has been ended on the target.
   * @throws {BecomeFailed} sudo is missing, forbids it, or refused the password.
   */
  exchange(script: string, options: ExchangeOptions): Promise<Exchange>
  /** Closes the line; running scripts get a hang-up. Never throws. */
  close(): Promise<void>
}

/** The host did not answer, refused us, or was lost. `message` says which host, what happened and how to mend it. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** The line had been up and broke: to connect once more may help. False where the host was never reached. */
  readonly lost: boolean
  /** The script had begun, or may have: how far it came is not known. False only where surely nothing of it has run. */
  readonly began: boolean

  constructor(message: string, { lost = false, began = false } = {}) {
    super(message)
    this.lost = lost
    this.began = began
  }
}

/** A script ran into its time limit. What it had printed until then is kept, unless it went to `onOutput`. */
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

/** The rights asked for were not given. */
export class BecomeFailed extends Error {
  override readonly name = 'BecomeFailed'
}
