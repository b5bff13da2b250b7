import type { Readable, Writable } from 'node:stream'

/** A process on the target and its three streams. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** All its output has been read by then. */
  readonly closed: Promise<Ending>
  /** Ends the process's streams. Never throws. */
  destroy(): void
}

/** How a process ended: by itself, or for us, because the line to it broke. */
export type Ending = { readonly exited: true } | { readonly exited: false; readonly why: string }

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
  /** A shell that has not started after this long never will. */
  readonly startSeconds: number
  /** Begins to make the line, where that takes time. How it went, {@link start} tells. */
  open(): void
  /** @throws {Unreachable} */
  start(command: string): Promise<Channel>
  /** Gives up a line that does not answer: the next start makes it anew. */
  drop(): void
  /** Another line to the same host as the same user. */
  sibling(): Line
  /** Never throws. */
  close(): Promise<void>
}
