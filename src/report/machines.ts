import type { Exhibit, TaskResult } from '../run/events.ts'

/** A machine as the run saw it; what was not seen is empty or 0. */
export interface Machine {
  /** `Debian 12` */
  readonly system: string
  readonly cpus: number
  /** In KiB. */
  readonly memory: number
}

const MOST = 1000
const SYSTEMS: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  fedora: 'Fedora',
  alpine: 'Alpine',
}

/** Gathers what is told of machines on the way: by facts, and by Docker's list of nodes. */
export class MachineFold {
  readonly machines = new Map<string, Machine>()
  /** Version of Docker by the node's name. */
  readonly docker = new Map<string, string>()

  /** Reads what the module `setup` printed: `name value` a line. */
  addResult({ module, host, commands }: Pick<TaskResult, 'module' | 'host' | 'commands'>): void {
    const said = commands[0]?.stdout
    if (module !== 'setup' || said === undefined || this.machines.size >= MOST) return
    const fact = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(said)?.[1]?.trim() ?? ''
    const [id, version] = [fact('os_id'), fact('os_version')]
    this.machines.set(host, {
      system: [SYSTEMS[id] ?? id, version, fact('uname').split(' ')[1] ?? ''].filter((part) => part !== '').join(' '),
      cpus: wholeNumber(fact('cpus')),
      memory: wholeNumber(fact('MemTotal:')),
    })
  }

  /** Reads the last column of `docker node ls`. */
  addExhibit({ stdout }: Pick<Exhibit, 'stdout'>): void {
    const lines = stdout.split('\n', MOST)
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
