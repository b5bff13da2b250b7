import type { World } from '../world/world.ts'

export const WORKLOADS = ['second', 'first', 'trivial', 'commands', 'four'] as const
export type Workload = (typeof WORKLOADS)[number]

/** The playbook of each workload. `second` repeats `first` on the same hosts. */
export const PLAYBOOKS: Readonly<Record<Workload, string>> = {
  first: 'site',
  second: 'site',
  trivial: 'trivial',
  commands: 'commands',
  four: 'four',
}

/** Workloads without changes. */
export const isAgain = (workload: Workload): boolean => workload === 'second' || workload === 'four'

/** A program to run, from start to end. */
export interface Command {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** A file. */
  readonly stdin?: string
}

/** A host, for runners. */
export interface HostEntry {
  readonly name: string
  readonly address: string
}

/** Input for the command of a runner. */
export interface Setting {
  readonly world: World
  readonly hosts: readonly HostEntry[]
  /** Working and home directory of the runner, initially empty. */
  readonly folder: string
  /** A YAML inventory for Ansible and Labbook. */
  readonly inventory: string
  readonly playbook: string
}

export interface Runner {
  readonly id: string
  /** Title in tables. */
  readonly title: string
  readonly version: string
  /** Supported workloads. Default: all. */
  readonly workloads?: readonly Workload[]
  /**
   * Estimated seconds of a trial: to start, and per task and host.
   */
  readonly expected: { readonly start: number; readonly task: number }
  command(setting: Setting): Command
  /**
   * Number of changed tasks over all hosts, from the output. Undefined if it cannot be parsed, which fails the
   * benchmark.
   */
  changed(output: string, hosts: number): number | undefined
}

/** The environment of every runner: only PATH is inherited. */
export const environment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: home,
  LANG: 'C.UTF-8',
  USER: 'root',
  LOGNAME: 'root',
})

/** The sum of a number in matching lines; undefined unless exactly one line per host matches. */
export function sumOf(output: string, pattern: RegExp, lines: number): number | undefined {
  const found = [...output.matchAll(pattern)].map(([, number]) => Number(number))
  return found.length === lines ? found.reduce((sum, number) => sum + number, 0) : undefined
}
