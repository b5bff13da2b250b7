import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import type { ConnectionSettings } from './settings.ts'
import { Unreachable } from './connection.ts'
import { connectTcp } from './tcp-connect.ts'

/** A byte stream to an SSH server. */
export interface Link {
  readonly stream: Duplex
  /** Closes it without sending what is buffered. */
  discard(): void
  /** Why it ended, if that is known. */
  readonly loss?: () => string | undefined
}

/** A login to a jump host. */
export interface JumpLogin {
  readonly client: Client
  readonly loss: { readonly why: string }
  readonly releaseSlot: () => void
}

/** Connects directly. */
export async function directLink(target: ConnectionSettings, signal: AbortSignal): Promise<Link> {
  const socket = await connectTcp(target, signal)
  // A graceful shutdown would still send buffered data.
  return { stream: socket, discard: () => void socket.resetAndDestroy() }
}

/**
 * Connects from a jump host. The login there ends with the connection.
 *
 * @throws {Unreachable} the jump host cannot connect.
 */
export function jumpLink(
  target: ConnectionSettings,
  { client, loss, releaseSlot }: JumpLogin,
  signal: AbortSignal,
): Promise<Link> {
  const { address, port } = target
  return new Promise((resolve, reject) => {
    const end = (): void => void client.destroy()
    const abort = (): void => {
      end()
      reject(signal.reason as Error)
    }
    const lost = (): void =>
      reject(new Unreachable(`${target.name}: the connection to the jump host was lost (${loss.why})`))
    if (signal.aborted) {
      abort()
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    client.once('close', lost)
    client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
      signal.removeEventListener('abort', abort)
      client.removeListener('close', lost)
      releaseSlot()
      if (error !== undefined) {
        end()
        reject(new Unreachable(explainRefusal(target, error)))
        return
      }
      stream.on('error', () => undefined)
      stream.once('close', () => client.end())
      client.once('close', () => stream.destroy())
      resolve({ stream, discard: end, loss: () => undefined })
    })
  })
}

/** RFC 4254, 5.1. */
const PROHIBITED = 1

function explainRefusal(target: ConnectionSettings, error: Error & { reason?: unknown }): string {
  const { name, address, port, proxy } = target
  const jump = `jump host ${proxy !== undefined && 'jump' in proxy ? proxy.jump.address : ''}`
  if (error.reason === PROHIBITED) {
    return (
      `${name}: ${jump} does not allow connections to ${address} port ${port}: allow them in its sshd_config ` +
      '(AllowTcpForwarding yes, PermitOpen)'
    )
  }
  const why = error.message.replace(/^\(SSH\) Channel open failure: /, '')
  return (
    `${name}: ${jump} cannot connect to ${address} port ${port}: ${why}; check the address, that the host is up, and ` +
    'the network between them'
  )
}

/** As much as is kept of what a proxy command prints. */
const MOST_BYTES = 4096

/**
 * Connects through the standard input and output of a command, which the user's shell runs as ssh does: with `exec`, so
 * that no shell stays between.
 */
export function commandLink(command: string): Link {
  const child = spawn(process.env['SHELL'] ?? '/bin/sh', ['-c', `exec ${command}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C reaches the whole process group of the terminal, but the connection must survive a graceful shutdown.
    detached: true,
  })
  let printed = ''
  let ending: string | undefined
  child.stderr.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-MOST_BYTES)))
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  stream.on('error', () => undefined)
  child.once('error', (error) => {
    ending = `cannot be started: ${error.message}`
    stream.destroy()
  })
  child.once('close', (code, signal) => {
    ending ??= signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    stream.destroy()
  })
  const end = (): void => {
    child.stdin.destroy()
    // The process group: a command like "sh -c 'ssh ...'" has children.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid)
  }
  stream.once('close', end)
  return {
    stream,
    discard: () => {
      end()
      stream.destroy()
    },
    loss: () => {
      const text = printed.trim().split('\n').at(-1)?.trim() ?? ''
      if (ending === undefined && text === '') return undefined
      return `ProxyCommand "${command}" ${ending ?? 'printed'}${text === '' ? '' : `: ${text}`}`
    },
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGHUP')
  } catch {
    // It has ended.
  }
}
