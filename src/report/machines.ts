import type { Exhibit, TaskResult } from '../events/events.ts'

/** Facts about a host. Unknown ones are empty or 0. */
export interface Machine {
  /** `Debian 12` */
  readonly system: string
  readonly cpus: number
  /** In KiB. */
  readonly memory: number
}

const MAX_MACHINES = 1000
const SYSTEMS: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  fedora: 'Fedora',
  alpine: 'Alpine',
}

/** Facts about hosts by name. */
export interface RunMachines {
  readonly machines: ReadonlyMap<string, Machine>
  readonly docker: ReadonlyMap<string, string>
}

/** Collects facts about hosts from the output of `setup` and `docker node ls`. */
export class MachineFold implements RunMachines {
  machines = new Map<string, Machine>()
  /** Docker version by node name. */
  docker = new Map<string, string>()
  /** Of the runs before the current one: the same host may have been another machine. */
  readonly #earlier: RunMachines[] = []

  /** The facts of each run that has any, oldest first. */
  get runs(): readonly RunMachines[] {
    return [...this.#earlier, this].filter(({ machines }) => machines.size > 0)
  }

  addStart(): void {
    this.#earlier.push({ machines: this.machines, docker: this.docker })
    this.machines = new Map()
    this.docker = new Map()
  }

  /** Reads the output of module `setup`: `name value` per line. */
  addResult({ module, host, commands }: Pick<TaskResult, 'module' | 'host' | 'commands'>): void {
    const output = commands[0]?.stdout
    if (module !== 'setup' || output === undefined || this.machines.size >= MAX_MACHINES) return
    const fact = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(output)?.[1]?.trim() ?? ''
    const [id, version] = [fact('os_id'), fact('os_version')]
    this.machines.set(host, {
      system: [SYSTEMS[id] ?? id, version, fact('uname').split(' ')[1] ?? ''].filter((part) => part !== '').join(' '),
      cpus: wholeNumber(fact('cpus')),
      memory: wholeNumber(fact('MemTotal:')),
    })
  }

  /** Reads column ENGINE VERSION of `docker node ls`. */
  addExhibit({ stdout }: Pick<Exhibit, 'stdout'>): void {
    const lines = stdout.split('\n', MAX_MACHINES)
    const start = lines[0]?.indexOf('ENGINE VERSION') ?? -1
    const name = lines[0]?.indexOf('HOSTNAME') ?? -1
    if (start === -1 || name === -1) return
    for (const line of lines.slice(1)) {
      const host = line.slice(name).split(/\s/, 1)[0] ?? ''
      const version = line.slice(start).trim()
      if (host !== '' && /^[\w.+~-]+$/.test(version)) this.docker.set(host, version)
    }
  }
}

const wholeNumber = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : 0)
