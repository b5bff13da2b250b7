import { posix } from 'node:path'
import { didYouMean, nearest } from '../../../src/inventory/nearest.ts'
import type { Path } from '../../../src/inventory/document.ts'

export type Tree = Readonly<Record<string, unknown>>

/** A map's value, or an empty one. */
export const tree = (value: unknown): Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {}

export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

/** A file beside the compose file that it names. */
export interface NamedFile {
  readonly kind: 'configs' | 'secrets' | 'env_file'
  /** The config's or secret's key; of an env_file, its service. */
  readonly key: string
  /** The config's or secret's own `name`, where it has one. */
  readonly name?: string
  /** As the compose file has it: relative to its folder. */
  readonly file: string
}

/** Something wrong at a place in the file. */
export interface Fault {
  readonly path: Path
  readonly at?: 'key' | 'value'
  readonly message: string
}

/** A port that a service opens to the outside. */
export interface Port {
  readonly published: number
  readonly target: number
  readonly protocol: string
  /** `ingress`: every node, by the routing mesh. `host`: the nodes that run a task. */
  readonly mode: string
}

const SHORT_PORT = /^(?:.*:)?(\d+)(?:-(\d+))?:(\d+)(?:-\d+)?(?:\/(\w+))?$/

/** Reads `"8080:80"` and the long form; what opens nothing to the outside, or is a variable, gives none. */
export function portsOf(port: unknown): Port[] {
  if (typeof port === 'object' && port !== null) {
    const { published, target, protocol, mode } = port as Tree
    return typeof published !== 'number'
      ? []
      : [{ published, target: Number(target), protocol: String(protocol ?? 'tcp'), mode: String(mode ?? 'ingress') }]
  }
  const [, first, last, target, protocol = 'tcp'] = SHORT_PORT.exec(String(port)) ?? []
  if (first === undefined) return []
  const count = last === undefined ? 1 : Number(last) - Number(first) + 1
  return Array.from({ length: Math.min(Math.max(count, 0), 65535) }, (_, i) => ({
    published: Number(first) + i,
    target: Number(target) + i,
    protocol,
    mode: 'ingress',
  }))
}

interface Found {
  readonly faults: Fault[]
  readonly doubts: Fault[]
  readonly files: NamedFile[]
}

/** What a file that is well formed refers to: images, files, networks, volumes, ports, and whether they can be had. */
export function referenceFaults(data: Tree, exists: (file: string) => boolean): Found {
  const found: Found = { faults: [], doubts: [], files: [] }
  const taken = new Map<string, string>()
  for (const [name, given] of Object.entries(tree(data.services))) {
    const service = tree(given)
    const path = ['services', name]
    if (service.image === undefined || service.image === '') {
      found.faults.push({
        path,
        at: 'key',
        message: `"${name}" has no image: name one in "image" that all nodes can pull`,
      })
    }
    checkNetworks(found, data, service, path)
    checkMounts(found, data, service, path)
    for (const kind of ['configs', 'secrets'] as const) checkGrants(found, data, service, path, kind)
    checkPorts(found, service, path, taken)
    for (const [i, file] of list(service.env_file).entries()) {
      addFile(
        found,
        { kind: 'env_file', key: name, file: String(file) },
        [...path, 'env_file', ...(Array.isArray(service.env_file) ? [i] : [])],
        exists,
      )
    }
  }
  for (const kind of ['configs', 'secrets'] as const) checkDeclared(found, data, kind, exists)
  return found
}

function checkNetworks({ faults }: Found, data: Tree, { networks }: Tree, path: Path): void {
  const asked = Array.isArray(networks)
    ? [...networks.entries()].map(([i, name]) => [String(name), i] as const)
    : Object.keys(tree(networks)).map((name) => [name, name] as const)
  for (const [name, at] of asked) {
    if (name !== 'default') undeclared(faults, data, 'networks', name, [...path, 'networks', at])
  }
}

function undeclared(faults: Fault[], data: Tree, kind: string, name: string, path: Path): void {
  const there = Object.keys(tree(data[kind]))
  if (there.includes(name) || name.includes('$')) return
  const guess = didYouMean(nearest(name, there, 2))
  faults.push({
    path,
    message: `there is no "${name}" under the top-level "${kind}": ${guess ?? `add "${name}:" there`}`,
  })
}

function checkMounts({ faults, doubts }: Found, data: Tree, service: Tree, path: Path): void {
  const pinned = list(tree(tree(service.deploy).placement).constraints).length > 0
  for (const [i, mount] of list(service.volumes).entries()) {
    const { type, source } = mountOf(mount)
    const at = [...path, 'volumes', i]
    if (source === undefined || source.includes('$')) continue
    if (type === 'bind') {
      if (source.startsWith('/'))
        doubts.push({
          path: at,
          message: `${source} is a path of the node: it must be there on every node that may run this service`,
        })
      else
        faults.push({
          path: at,
          message: `${source} is a path of this machine, and the nodes do not have it: for files use "configs", for data a volume`,
        })
    } else if (type === 'volume') {
      undeclared(faults, data, 'volumes', source, at)
      const driver = tree(tree(data.volumes)[source]).driver ?? 'local'
      if (!pinned && driver === 'local') {
        doubts.push({
          path: at,
          message: `the volume "${source}" is another one on each node: tie the service to one node with deploy.placement.constraints, or its data stays behind when it moves`,
        })
      }
    }
  }
}

function mountOf(mount: unknown): { readonly type?: string; readonly source?: string } {
  if (typeof mount !== 'string') {
    const { type, source } = tree(mount)
    return {
      ...(type !== undefined && { type: String(type) }),
      ...(source !== undefined && { source: String(source) }),
    }
  }
  const [source = '', target] = mount.split(':')
  // A path alone is a volume without a name.
  if (target === undefined) return { type: 'volume' }
  return { type: /^[./~]/.test(source) ? 'bind' : 'volume', source }
}

function checkGrants({ faults }: Found, data: Tree, service: Tree, path: Path, kind: 'configs' | 'secrets'): void {
  for (const [i, grant] of list(service[kind]).entries()) {
    const isLong = typeof grant === 'object'
    const source = isLong ? tree(grant).source : grant
    if (source !== undefined)
      undeclared(faults, data, kind, String(source), [...path, kind, i, ...(isLong ? ['source'] : [])])
  }
}

function checkDeclared(found: Found, data: Tree, kind: 'configs' | 'secrets', exists: (file: string) => boolean): void {
  for (const [key, given] of Object.entries(tree(data[kind]))) {
    const { file, external, name, driver } = tree(given)
    const path = [kind, key]
    if (file !== undefined) {
      addFile(
        found,
        { kind, key, file: String(file), ...(name === undefined ? {} : { name: String(name) }) },
        [...path, 'file'],
        exists,
      )
    } else if ((external === undefined || external === false) && driver === undefined) {
      found.faults.push({
        path,
        at: 'key',
        message: `where does "${key}" come from? Give "file: ./...", or "external: true" for one that the Swarm has already`,
      })
    }
  }
}

function addFile({ faults, files }: Found, named: NamedFile, path: Path, exists: (file: string) => boolean): void {
  const { file } = named
  if (file.includes('$')) {
    faults.push({ path, message: `${file}: a file's name cannot have a variable here: write it out` })
  } else if (file.startsWith('/') || posix.normalize(file).startsWith('..')) {
    faults.push({
      path,
      message: `${file} is outside of the compose file's folder: put it there, so that it goes with it to the node`,
    })
  } else if (!exists(file)) {
    faults.push({ path, message: `there is no file ${file} beside the compose file: make it, or mend its name` })
  } else {
    files.push(named)
  }
}

function checkPorts({ faults }: Found, service: Tree, path: Path, taken: Map<string, string>): void {
  const name = String(path[1])
  for (const [i, given] of list(service.ports).entries()) {
    for (const { published, protocol, mode } of portsOf(given)) {
      const at = [...path, 'ports', i]
      const port = `${published}/${protocol}`
      const other = taken.get(port)
      if (other !== undefined)
        faults.push({ path: at, message: `port ${port} is published by ${other} already: give one of them another` })
      taken.set(port, name)
      if (mode === 'ingress' && tree(service.deploy).endpoint_mode === 'dnsrr') {
        faults.push({
          path: at,
          message: `port ${port} goes by the routing mesh, which needs endpoint_mode vip: write it as {target: ..., published: ${published}, mode: host}, or take vip`,
        })
      }
    }
  }
}
