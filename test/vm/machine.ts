import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { labSshOptions } from '../support/lab-ssh-options.ts'

/** The lab processes of a directory: none may be left behind. */
export const processesOf = (dir: string): string[] =>
  readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid) && belongsTo(pid, dir))

function belongsTo(pid: string, dir: string): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return /qemu-system|vde_switch/.test(line) && line.includes(`${dir}/`)
  } catch {
    return false // it exited meanwhile
  }
}

/** The system's ssh client, with the host keys pinned by the lab. */
export function sshTo(dir: string, port: number) {
  const options = [...labSshOptions(dir), '-o', 'ConnectTimeout=20', '-p', String(port)]
  const attempt = (command: string) =>
    spawnSync('ssh', [...options, 'ops@127.0.0.1', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return {
    run(command: string): string {
      const { status, stdout, stderr } = attempt(command)
      if (status !== 0) throw new Error(`${command}: exit ${String(status)}: ${stderr}`)
      return stdout.trim()
    },
    answers: (): boolean => attempt('true').status === 0,
  }
}
