import type { Readable, Writable } from 'node:stream'

/** A process on the host and its three streams. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process has ended and its output has been read. */
  readonly closed: Promise<Ending>
  /** Closes the process's streams. Never throws. */
  destroy(): void
}

/** How a process ended: it exited, or the connection to it was lost. */
export type Ending = { readonly exited: true } | { readonly exited: false; readonly why: string }

/**
 * Child processes may keep the streams of an exited process open. After this time its own output has been read.
 */
export const LAST_WORDS_MS = 500

/** Starts processes on a host, over an SSH connection or on the controller itself. */
export interface Line {
  /** The host's name in the inventory, for messages. */
  readonly name: string
  /** The user that processes run as. */
  readonly user: string
  /** A shell that has not started after this time is given up. */
  readonly startSeconds: number
  /** Starts to connect in the background. {@link start} reports an error. */
  open(): void
  /** @throws {Unreachable} */
  start(command: string): Promise<Channel>
  /** Drops a connection that does not respond: the next start reconnects. */
  drop(): void
  /** Another connection to the same host as the same user. */
  sibling(): Line
  /** Never throws. */
  close(): Promise<void>
}
