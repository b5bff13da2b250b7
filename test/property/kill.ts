import { spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PropertyNode } from './node.ts'
import type { TaskSpec } from './task-spec.ts'

/** What is killed, and when. */
export interface Kill {
  /** The runner with SIGKILL, or the node's end of the connection. */
  readonly whom: 'runner' | 'sshd'
  /** After the runner has begun this task (from 0; tasks of a batch begin with its first one)... */
  readonly task: number
  /** ...and this many milliseconds. */
  readonly delayMs: number
}

/** Input of the runner of {@link killedRun} on stdin. */
export interface KillJob {
  readonly place: PropertyNode['place']
  readonly root: string
  readonly tasks: readonly TaskSpec[]
}

/** sshd processes of connections, not the listener: all that serve the user's session. */
const KILL_SSHD = `for lb_s in /proc/[0-9]*; do
  read -r lb_line <"$lb_s/comm" 2>/dev/null || continue
  [ "$lb_line" = sshd ] || continue
  tr '\\0' ' ' <"$lb_s/cmdline" 2>/dev/null | grep -q listener || kill -9 "\${lb_s#/proc/}" 2>/dev/null
done; :`

/**
 * Runs the tasks in a process of their own and kills it or its connection.
 * @returns whether it was killed before the run ended, and a description
 */
export async function killedRun(
  node: PropertyNode,
  tasks: readonly TaskSpec[],
  { whom, task, delayMs }: Kill,
): Promise<{ struck: boolean; how: string }> {
  const child = spawn(process.execPath, ['--import=tsx', path.join(import.meta.dirname, 'kill-child.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const errand: KillJob = { place: node.place, root: node.root, tasks }
  child.stdin.end(JSON.stringify(errand))
  let begun = 0
  const reached = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      begun += chunk.toString().split('\n').length - 1
      if (begun > task) resolve()
    })
  })
  await Promise.race([reached, ended])
  await Promise.race([sleep(delayMs), ended])
  if (child.exitCode !== null)
    return { struck: false, how: `nothing was killed: the run had ended (${child.exitCode})` }
  if (whom === 'runner') child.kill('SIGKILL')
  else node.sh(KILL_SSHD)
  const code = await ended
  return {
    struck: true,
    how: `${whom} killed ${delayMs} ms after task ${task + 1} began${whom === 'sshd' ? ` (the runner ended with ${code})` : ''}`,
  }
}
