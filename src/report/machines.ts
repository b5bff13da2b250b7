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

/** Collects facts about hosts from the output of `setup` and `docker node ls`. */
export class MachineFold {
  readonly machines = new Map<string, Machine>()
  /** Docker version by node name. */
  readonly docker = new Map<string, string>()

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
