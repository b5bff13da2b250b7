import type { Readable, Writable } from 'node:stream'

/** A process on the target and its three streams. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** `exited`: the process ended by itself; otherwise the line to it broke. All its output has been read by then. */
  readonly closed: Promise<'exited' | 'lost'>
  /** Ends the process's streams. Never throws. */
  destroy(): void
}

/**
 * A process that has ended may leave its streams open in others that it started. What itself printed is read by then.
 */
export const LAST_WORDS_MS = 500

/** A way to a host that can start processes there: an SSH connection, or this machine. */
export interface Line {
  /** The host's name in the inventory, for messages. */
  readonly name: string
  /** Who processes run as. */
  readonly user: string
  /** @throws {Unreachable} */
  start(command: string): Promise<Channel>
  /** Never throws. */
  close(): Promise<void>
}
