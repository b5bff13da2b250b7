import type { Exhibit, RunStart, TaskResult } from '../events/events.ts'

/** A node of the cluster, as the facts and the exhibits of a run describe it. */
export interface TopologyNode {
  readonly name: string
  readonly address: string
  /** `Leader`, `Reachable`, `control-plane`; empty for a worker. */
  readonly role: string
  /** Replicas by service, when they were first listed. */
  readonly replicas: readonly (readonly [service: string, count: number])[]
  /** Ports through which requests entered here. */
  readonly entryPorts: readonly string[]
  /** Port of the registry, if it runs here. */
  readonly registryPort: string | undefined
}

export interface ClusterTopology {
  readonly nodes: readonly TopologyNode[]
  /** Published ports as `docker stack services` shows them: `shop_web *:80->80/tcp`. */
  readonly ports: readonly string[]
  /** The network of the addresses: `10.77.0.0/24`; empty if they differ. */
  readonly network: string
  readonly manager: 'swarm' | 'kubernetes' | 'none'
  /** The first stack: `shop`; empty if there is none. */
  readonly stack: string
  /** All nodes report the same boot id: they are containers of one machine. */
  readonly oneKernel: boolean
}

const MAX_NODES = 200

/** Collects the topology from hosts, facts, and the output of `docker node ls`, `service ps` and the like. */
export class TopologyFold {
  readonly #hosts = new Set<string>()
  readonly #addresses = new Map<string, string>()
  readonly #boots = new Map<string, string>()
  readonly #roles = new Map<string, string>()
  readonly #replicas = new Map<string, Map<string, number>>()
  readonly #entries = new Set<string>()
  readonly #ports = new Set<string>()
  #manager: ClusterTopology['manager'] = 'none'
  #registry: readonly string[] = []
  #stack = ''

  addStart({ hosts }: Pick<RunStart, 'hosts'>): void {
    for (const host of hosts) if (host !== 'localhost' && this.#hosts.size < MAX_NODES) this.#hosts.add(host)
  }

  /** Reads the facts of module `setup`. */
  addResult({ module, host, commands }: Pick<TaskResult, 'module' | 'host' | 'commands'>): void {
    const output = commands[0]?.stdout
    if (module !== 'setup' || output === undefined || !this.#hosts.has(host)) return
    const address = /^route .* src (\S+)/m.exec(output)?.[1]
    const boot = /^boot_id (\S+)/m.exec(output)?.[1]
    // As roles and replicas: of several runs, the first. Later ones may be of other machines with the same names.
    if (address !== undefined && !this.#addresses.has(host)) this.#addresses.set(host, address)
    if (boot !== undefined && !this.#boots.has(host)) this.#boots.set(host, boot)
  }

  addExhibit({ command, stdout }: Pick<Exhibit, 'command' | 'stdout'>): void {
    this.#roleTable(stdout)
    this.#placement(command, stdout)
    if (command.startsWith('docker stack services')) this.#publishedPorts(stdout)
    this.#stack ||= /\bdocker stack (?:services|ps) ([\w-]+)/.exec(command)?.[1] ?? ''
    if (this.#registry.length === 0)
      this.#registry = /\bdocker (?:push|pull) (\d+(?:\.\d+){3}):(\d+)\//.exec(command)?.slice(1) ?? []
    for (const [, entry] of command.matchAll(/\bhttps?:\/\/(\d+(?:\.\d+){3}:\d+)/g))
      if (this.#entries.size < MAX_NODES && /^(GET|POST)\b/.test(command)) this.#entries.add(entry as string)
  }

  topology(): ClusterTopology {
    const nodes = [...this.#hosts]
      .filter((name) => this.#addresses.has(name) || this.#roles.has(name) || this.#replicas.has(name))
      .map((name): TopologyNode => {
        const address = this.#addresses.get(name) ?? ''
        return {
          name,
          address,
          role: this.#roles.get(name) ?? '',
          replicas: [...(this.#replicas.get(name) ?? [])],
          entryPorts: [...this.#entries].flatMap((entry) =>
            address !== '' && entry.startsWith(`${address}:`) ? [entry.slice(address.length + 1)] : [],
          ),
          registryPort: address !== '' && this.#registry[0] === address ? this.#registry[1] : undefined,
        }
      })
    const networks = new Set(nodes.map(({ address }) => address.replace(/\.\d+$/, '')))
    const boots = new Set(nodes.map(({ name }) => this.#boots.get(name)))
    return {
      nodes,
      ports: [...this.#ports],
      network: networks.size === 1 && nodes[0]?.address.includes('.') ? `${[...networks][0]}.0/24` : '',
      manager: this.#manager,
      stack: this.#stack,
      oneKernel: nodes.length > 1 && boots.size === 1 && !boots.has(undefined),
    }
  }

  /** The first `docker node ls` or `kubectl get nodes` that lists a node tells its role. */
  #roleTable(stdout: string): void {
    const rows = tableRows(stdout)
    const isSwarm = rows[0]?.has('MANAGER STATUS') === true && rows[0].has('HOSTNAME')
    const isKubernetes = rows[0]?.has('ROLES') === true && rows[0].has('NAME')
    if (!isSwarm && !isKubernetes) return
    if (this.#manager === 'none') this.#manager = isSwarm ? 'swarm' : 'kubernetes'
    for (const row of rows) {
      const name = row.get(isSwarm ? 'HOSTNAME' : 'NAME') ?? ''
      const role = (row.get(isSwarm ? 'MANAGER STATUS' : 'ROLES') ?? '').replace('<none>', '')
      if (this.#hosts.has(name) && !this.#roles.has(name)) this.#roles.set(name, role)
    }
  }

  /** Each service's first list of running replicas counts. */
  #placement(command: string, stdout: string): void {
    if (!/\bdocker (?:service|stack) ps\b/.test(command) || !command.includes('desired-state=running')) return
    const fields = [...command.matchAll(/\{\{\.(\w+)\}\}/g)].map(([, field]) => field)
    const [name, node] = [fields.indexOf('Name'), fields.indexOf('Node')]
    if (name === -1 || node === -1) return
    const listed = [...this.#replicas.values()].flatMap((services) => [...services.keys()])
    const counts = stdout.split('\n').flatMap((line) => {
      const words = line.trim().split(/\s+/)
      const service = words[name]?.replace(/\.[^.]+$/, '') ?? ''
      const host = words[node] ?? ''
      return this.#hosts.has(host) && service !== '' && !listed.includes(service) ? [[host, service] as const] : []
    })
    for (const [host, service] of counts) {
      const services = this.#replicas.get(host) ?? new Map<string, number>()
      services.set(service, (services.get(service) ?? 0) + 1)
      this.#replicas.set(host, services)
    }
  }

  #publishedPorts(stdout: string): void {
    for (const row of tableRows(stdout)) {
      const [name, ports] = [row.get('NAME') ?? '', row.get('PORTS') ?? '']
      if (name !== '' && ports !== '' && this.#ports.size < 20) this.#ports.add(`${name} ${ports}`)
    }
  }
}

/** The rows of a table as Docker and kubectl print it: by column heading. Empty if the text is no such table. */
function tableRows(text: string): ReadonlyMap<string, string>[] {
  const [head = '', ...lines] = text.trimEnd().split('\n', MAX_NODES + 1)
  if (!/^[A-Z][A-Z ]+$/.test(head)) return []
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map(({ 0: name, index }) => ({ name, index }))
  return lines.map(
    (line) =>
      new Map(columns.map(({ name, index }, i) => [name, line.slice(index, columns[i + 1]?.index).trim()] as const)),
  )
}
