import { spawn } from 'node:child_process'
import { localUser } from './local-user.ts'
import { type Channel, type ChannelEnd, OUTPUT_GRACE_MS, type Transport } from './transport.ts'
import { Unreachable } from './connection.ts'

/** Starts processes on the controller (`ansible_connection: local`). */
export class LocalTransport implements Transport {
  readonly name: string
  readonly user = localUser().username
  readonly startTimeoutSeconds = 120

  constructor(name: string) {
    this.name = name
  }

  preconnect(): void {
    // Nothing to connect to.
  }

  exec(command: string): Promise<Channel> {
    // Its own process group: Ctrl-C in the terminal must reach the runner, not the script.
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' })
    // A write after the shell has ended; `closed` reports the end.
    child.stdin.on('error', () => undefined)
    const closed = new Promise<ChannelEnd>((resolve) => {
      child.on('exit', (code, signal) => {
        const ending: ChannelEnd =
          code === null ? { exited: false, reason: `its shell was killed by ${signal}` } : { exited: true }
        child.on('close', () => resolve(ending))
        setTimeout(resolve, OUTPUT_GRACE_MS, ending)
      })
    })
    const destroy = (): void => {
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) hangUp(child.pid)
    }
    return new Promise((resolve, reject) => {
      const { stdin, stdout, stderr } = child
      child.on('spawn', () => resolve({ stdin, stdout, stderr, closed, destroy }))
      child.on('error', (error) =>
        reject(new Unreachable(`${this.name}: cannot start /bin/sh on the controller: ${error.message}`)),
      )
    })
  }

  disconnect(): void {
    // Local processes share no connection.
  }

  clone(): Transport {
    return this
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function hangUp(pid: number): void {
  try {
    process.kill(-pid, 'SIGHUP')
  } catch {
    // It has exited already, or belongs to sudo, which exits when its stdin is closed.
  }
}
