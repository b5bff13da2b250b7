import type { World } from '../world/world.ts'

export const WORKLOADS = ['second', 'first', 'trivial', 'commands', 'four'] as const
export type Workload = (typeof WORKLOADS)[number]

/** The playbook of each workload. `second` is `first` again, on hosts where it has been run. */
export const PLAYBOOKS: Readonly<Record<Workload, string>> = {
  first: 'site',
  second: 'site',
  trivial: 'trivial',
  commands: 'commands',
  four: 'four',
}

/** Workloads that are measured where there is nothing left to do. */
export const isAgain = (workload: Workload): boolean => workload === 'second' || workload === 'four'

/** A program to run, from start to end. */
export interface Command {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** A file. */
  readonly stdin?: string
}

/** A host as runners are told of it. */
export interface HostEntry {
  readonly name: string
  readonly address: string
}

/** What a runner is given to make its command. */
export interface Setting {
  readonly world: World
  readonly hosts: readonly HostEntry[]
  /** The runner's own, empty at first; its home too. */
  readonly folder: string
  /** A YAML inventory, as Ansible and Labbook read it. */
  readonly inventory: string
  readonly playbook: string
}

export interface Runner {
  readonly id: string
  /** For the table's reader. */
  readonly title: string
  readonly version: string
  /** Workloads that it is for; all by default. */
  readonly workloads?: readonly Workload[]
  /**
   * Seconds that a trial takes, roughly: to start, and for each task and host. Only to say beforehand how long it will
   * be.
   */
  readonly expected: { readonly start: number; readonly task: number }
  command(setting: Setting): Command
  /**
   * How many tasks it says it changed, over all hosts, from its own output. Undefined where it does not say so in a way
   * that can be read: a failure of the benchmark.
   */
  changed(output: string, hosts: number): number | undefined
}

/** The environment of every runner: nothing of the one who runs the benchmark but the path. */
export const environment = (folder: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: folder,
  LANG: 'C.UTF-8',
  USER: 'root',
  LOGNAME: 'root',
})

/** The sum of a number in each line that matches; undefined unless exactly one line for each host does. */
export function sumOf(output: string, pattern: RegExp, lines: number): number | undefined {
  const found = [...output.matchAll(pattern)].map(([, number]) => Number(number))
  return found.length === lines ? found.reduce((sum, number) => sum + number, 0) : undefined
}
