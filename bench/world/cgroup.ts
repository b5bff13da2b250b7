import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import path from 'node:path'

const TOP = '/sys/fs/cgroup'
/** cgroup v1 counts CPU time in a hierarchy of its own; v2 has one for everything. */
const V1 = [path.join(TOP, 'cpuacct'), path.join(TOP, 'cpu,cpuacct')].find((folder) =>
  existsSync(path.join(folder, 'cpuacct.usage')),
)
const HIERARCHY = V1 ?? TOP

/** Processes whose CPU time is counted together, daemons they leave behind included. */
export interface Cgroup {
  /** A process that writes its id here joins, and all its children after it. */
  readonly procs: string
  /** CPU time used until now, in seconds, of processes that have ended too. */
  cpuSeconds(): number
  pids(): number[]
  /** Kills every process in it and waits until none is left. @throws {Error} if some are left after 10 s. */
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
            // It ended by itself.
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`processes that do not end: ${pids().join(', ')}`)
    },
  }
}

/** Removes what {@link makeCgroup} made, once its processes are gone. */
export function removeCgroups(mark: string): void {
  const top = path.join(HIERARCHY, mark)
  if (!existsSync(top)) return
  for (const entry of readdirSync(top, { withFileTypes: true }))
    if (entry.isDirectory()) rmdirSync(path.join(top, entry.name))
  rmdirSync(top)
}

/** The process ids in the names of the cgroups that benchmarks have made. */
export const markedPids = (prefix: string): number[] =>
  readdirSync(HIERARCHY)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
