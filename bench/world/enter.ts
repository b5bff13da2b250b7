import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { markedPids, removeCgroups } from './cgroup.ts'
import { CACHE, markOf, RUNS, scratchOf } from './places.ts'

const VARIABLE = 'LABBOOK_BENCH_WORLD'

/** Inside, the PID in the names of the benchmark's resources; undefined outside. */
export const worldPid = (): number | undefined =>
  process.env[VARIABLE] === undefined ? undefined : Number(process.env[VARIABLE])

/**
 * The init process inside. It waits for the benchmark and reaps orphans; when it exits, the kernel kills everything
 * inside.
 */
const INIT = 'trap "exit 130" INT TERM HUP; "$@" & child=$!; wait "$child"'

/**
 * Runs this program again, with the same arguments, inside new mount, network and PID namespaces, and cleans up. Even
 * if it is killed, the kernel removes all processes, mounts and addresses; the next benchmark removes leftover
 * directories and cgroups.
 *
 * @returns the exit code.
 */
export async function enterWorld(): Promise<number> {
  removeLeftovers()
  const scratch = scratchOf(process.pid)
  mkdirSync(path.join(scratch, 'world'), { recursive: true })
  mkdirSync(path.join(scratch, 'runs'))
  const madeRuns = mkdirSync(RUNS, { recursive: true }) !== undefined
  // This process stays to clean up. Ctrl-C also reaches those inside; forward signals that only this one gets.
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true
      setTimeout(() => child.kill('SIGKILL'), 300)
    })
  }
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      '--',
      'unshare',
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
      '--',
      'sh',
      '-c',
      INIT,
      'sh',
      process.execPath,
      ...process.execArgv,
      ...process.argv.slice(1),
    ],
    { stdio: 'inherit', env: { ...process.env, [VARIABLE]: String(process.pid) } },
  )
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code) => resolve(interrupted ? 130 : (code ?? 1)))
    })
  } finally {
    await clean(process.pid)
    if (madeRuns && readdirSync(RUNS).length === 0) rmdirSync(RUNS)
  }
}

/** Removes leftovers of killed benchmarks. */
function removeLeftovers(): void {
  const prefix = markOf(0).slice(0, -1)
  const folders = existsSync(CACHE)
    ? readdirSync(CACHE)
        .filter((name) => name.startsWith('run-'))
        .map((name) => Number(name.slice(4)))
    : []
  for (const pid of new Set([...markedPids(prefix), ...folders])) {
    if (existsSync(`/proc/${pid}`)) continue
    removeCgroups(markOf(pid))
    rmSync(scratchOf(pid), { recursive: true, force: true })
  }
}

async function clean(pid: number): Promise<void> {
  rmSync(scratchOf(pid), { recursive: true, force: true })
  // The kernel removes killed processes from their cgroups with a delay.
  for (let turn = 0; ; turn++) {
    try {
      removeCgroups(markOf(pid))
      return
    } catch (error) {
      if (turn === 50) throw error
      await sleep(100)
    }
  }
}
