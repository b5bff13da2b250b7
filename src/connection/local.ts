import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { type Channel, type Ending, LAST_WORDS_MS, type Line } from './channel.ts'
import { Unreachable } from './connection.ts'

/** This machine, spoken to as if it were a host (`ansible_connection: local`). */
export class LocalLine implements Line {
  readonly name: string
  readonly user = userInfo().username
  readonly startSeconds = 120

  constructor(name: string) {
    this.name = name
  }

  open(): void {
    // It is there.
  }

  start(command: string): Promise<Channel> {
    // A process group of its own: Ctrl-C in the terminal is the runner's to handle, not the script's.
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' })
    // Writing to a shell that has ended; that it ended is told by `closed`.
    child.stdin.on('error', () => undefined)
    const closed = new Promise<Ending>((resolve) => {
      child.on('exit', (code, signal) => {
        const how: Ending =
          code === null ? { exited: false, why: `its shell was ended by ${signal}` } : { exited: true }
        child.on('close', () => resolve(how))
        setTimeout(resolve, LAST_WORDS_MS, how)
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
      child.on('error', (error) => reject(new Unreachable(`${this.name}: cannot start /bin/sh here: ${error.message}`)))
    })
  }

  drop(): void {
    // Each process here has a line of its own.
  }

  sibling(): Line {
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
    // It ended by itself meanwhile, or it is sudo's, which ends at the end of its stdin.
  }
}
