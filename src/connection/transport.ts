import type { Readable, Writable } from 'node:stream'

/** A process on the host and its three streams. */
export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process has ended and its output has been read. */
  readonly closed: Promise<ChannelEnd>
  /** Closes the process's streams. Never throws. */
  destroy(): void
}

/** How a process ended: it exited, or the connection to it was lost. */
export type ChannelEnd =
  | { readonly exited: true; readonly code?: number }
  | { readonly exited: false; readonly reason: string }

/**
 * Child processes may keep the streams of an exited process open. After this time its own output has been read.
 */
export const OUTPUT_GRACE_MS = 500

/** Starts processes on a host, over an SSH connection or on the controller itself. */
export interface Transport {
  /** The host's name in the inventory, for messages. */
  readonly name: string
  /** The user that processes run as. */
  readonly user: string
  /** A shell that has not started after this time is given up. */
  readonly startTimeoutSeconds: number
  /** Starts to connect in the background. {@link exec} reports an error. */
  preconnect(): void
  /** @throws {Unreachable} */
  exec(command: string): Promise<Channel>
  /** Drops a connection that does not respond: the next start reconnects. */
  disconnect(): void
  /** Another connection to the same host as the same user. */
  clone(): Transport
  /** Never throws. */
  close(): Promise<void>
}
