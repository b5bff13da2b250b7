import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import path from 'node:path'

const TOP = '/sys/fs/cgroup'
/** cgroup v1 has a separate hierarchy for CPU time; v2 has one for everything. */
const V1 = [path.join(TOP, 'cpuacct'), path.join(TOP, 'cpu,cpuacct')].find((folder) =>
  existsSync(path.join(folder, 'cpuacct.usage')),
)
const HIERARCHY = V1 ?? TOP

/** A cgroup that counts the CPU time of processes, including their daemons. */
export interface Cgroup {
  /** A process that writes its PID here joins, with its future children. */
  readonly procs: string
  /** CPU time so far in seconds, including exited processes. */
  cpuSeconds(): number
  pids(): number[]
  /** Kills all its processes and waits for them. @throws {Error} if some remain after 10 s. */
  end(): Promise<void>
}

export function makeCgroup(mark: string, name: string): Cgroup {
  const folder = path.join(HIERARCHY, mark, name)
  mkdirSync(folder, { recursive: true })
  const procs = path.join(folder, 'cgroup.procs')
  const pids = (): number[] =>
    readFileSync(procs, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && line !== '0')
      .map(Number)
  return {
    procs,
    cpuSeconds() {
      if (V1 !== undefined) return Number(readFileSync(path.join(folder, 'cpuacct.usage'), 'utf8')) / 1e9
      const usage = /^usage_usec (\d+)/m.exec(readFileSync(path.join(folder, 'cpu.stat'), 'utf8'))?.[1]
      return Number(usage) / 1e6
    },
    pids,
    async end() {
      for (let turn = 0; turn < 500; turn++) {
        const left = pids()
        if (left.length === 0) return
        for (const pid of left) {
          try {
            process.kill(pid, 'SIGKILL')
          } catch {
            // It exited by itself.
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`cannot kill processes: ${pids().join(', ')}`)
    },
  }
}

/** Removes a cgroup of {@link makeCgroup} after its processes have exited. */
export function removeCgroups(mark: string): void {
  const top = path.join(HIERARCHY, mark)
  if (!existsSync(top)) return
  for (const entry of readdirSync(top, { withFileTypes: true }))
    if (entry.isDirectory()) rmdirSync(path.join(top, entry.name))
  rmdirSync(top)
}

/** The PIDs in the names of benchmark cgroups. */
export const markedPids = (prefix: string): number[] =>
  readdirSync(HIERARCHY)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
