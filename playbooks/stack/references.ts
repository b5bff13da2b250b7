import { didYouMean, nearest, type Path, toText } from 'labbook'
import { posix } from 'node:path'

export type YamlMap = Readonly<Record<string, unknown>>

/** The value as a map; empty if it is none. */
export const asMap = (value: unknown): YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as YamlMap) : {}

export const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

/** A file that the compose file references. */
export interface NamedFile {
  readonly kind: 'configs' | 'secrets' | 'env_file'
  /** Key of the config or secret; for an env_file, the service. */
  readonly key: string
  /** Explicit `name` of the config or secret. */
  readonly name?: string
  /** Path relative to the compose file's directory. */
  readonly file: string
}

/** A message at a path in the file. */
export interface ComposeFault {
  readonly path: Path
  readonly at?: 'key' | 'value'
  readonly message: string
}

/** A published port of a service. */
export interface Port {
  readonly published: number
  readonly target: number
  readonly protocol: string
  /** `ingress`: on every node, through the routing mesh. `host`: on the nodes that run a task. */
  readonly mode: string
}

const SHORT_PORT = /^(?:.*:)?(\d+)(?:-(\d+))?:(\d+)(?:-\d+)?(?:\/(\w+))?$/

/** Parses `"8080:80"` and the long form; empty for ports that are not published or contain variables. */
export function portsOf(port: unknown): Port[] {
  if (typeof port === 'object' && port !== null) {
    const { published, target, protocol, mode } = port as YamlMap
    return typeof published !== 'number'
      ? []
      : [{ published, target: Number(target), protocol: toText(protocol ?? 'tcp'), mode: toText(mode ?? 'ingress') }]
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

interface References {
  readonly faults: ComposeFault[]
  readonly warnings: ComposeFault[]
  readonly files: NamedFile[]
}

/** Checks the references of a file with a valid schema: images, files, networks, volumes, ports. */
export function checkReferences(data: YamlMap, exists: (file: string) => boolean): References {
  const references: References = { faults: [], warnings: [], files: [] }
  const taken = new Map<string, string>()
  for (const [name, definition] of Object.entries(asMap(data.services))) {
    const service = asMap(definition)
    const path = ['services', name]
    if (service.image === undefined || service.image === '') {
      references.faults.push({
        path,
        at: 'key',
        message: `service "${name}" has no image: set "image" to one that all nodes can pull`,
      })
    }
    checkNetworks(references, data, service, path)
    checkMounts(references, data, service, path)
    for (const kind of ['configs', 'secrets'] as const) checkGrants(references, data, service, path, kind)
    checkPorts(references, service, path, taken)
    for (const [i, file] of asList(service.env_file).entries()) {
      addFile(
        references,
        { kind: 'env_file', key: name, file: String(file) },
        [...path, 'env_file', ...(Array.isArray(service.env_file) ? [i] : [])],
        exists,
      )
    }
  }
  for (const kind of ['configs', 'secrets'] as const) checkDeclared(references, data, kind, exists)
  return references
}

function checkNetworks({ faults }: References, data: YamlMap, { networks }: YamlMap, path: Path): void {
  const entries = Array.isArray(networks)
    ? [...networks.entries()].map(([i, name]) => [String(name), i] as const)
    : Object.keys(asMap(networks)).map((name) => [name, name] as const)
  for (const [name, at] of entries) {
    if (name !== 'default') checkDeclaredKey(faults, data, 'networks', name, [...path, 'networks', at])
  }
}

function checkDeclaredKey(faults: ComposeFault[], data: YamlMap, kind: string, name: string, path: Path): void {
  const declared = Object.keys(asMap(data[kind]))
  if (declared.includes(name) || name.includes('$')) return
  const guess = didYouMean(nearest(name, declared, 2))
  faults.push({
    path,
    message: `"${name}" is not declared under the top-level "${kind}": ${guess ?? `add "${name}:" there`}`,
  })
}

function checkMounts({ faults, warnings: doubts }: References, data: YamlMap, service: YamlMap, path: Path): void {
  const pinned = asList(asMap(asMap(service.deploy).placement).constraints).length > 0
  for (const [i, mount] of asList(service.volumes).entries()) {
    const { type, source } = mountOf(mount)
    const at = [...path, 'volumes', i]
    if (source === undefined || source.includes('$')) continue
    if (type === 'bind') {
      if (source.startsWith('/'))
        doubts.push({
          path: at,
          message: `${source} is a path on the node: it must exist on every node that may run this service`,
        })
      else
        faults.push({
          path: at,
          message: `${source} is a path on this machine, not on the nodes: use "configs" for files, or a volume for data`,
        })
    } else if (type === 'volume') {
      checkDeclaredKey(faults, data, 'volumes', source, at)
      const driver = asMap(asMap(data.volumes)[source]).driver ?? 'local'
      if (!pinned && driver === 'local') {
        doubts.push({
          path: at,
          message: `volume "${source}" is local to each node: pin the service to one node with deploy.placement.constraints, or it loses its data when it moves`,
        })
      }
    }
  }
}

function mountOf(mount: unknown): { readonly type?: string; readonly source?: string } {
  if (typeof mount !== 'string') {
    const { type, source } = asMap(mount)
    return {
      ...(type !== undefined && { type: toText(type) }),
      ...(source !== undefined && { source: toText(source) }),
    }
  }
  const [source = '', target] = mount.split(':')
  // A path without a source is an anonymous volume.
  if (target === undefined) return { type: 'volume' }
  return { type: /^[./~]/.test(source) ? 'bind' : 'volume', source }
}

function checkGrants(
  { faults }: References,
  data: YamlMap,
  service: YamlMap,
  path: Path,
  kind: 'configs' | 'secrets',
): void {
  for (const [i, grant] of asList(service[kind]).entries()) {
    const isLong = typeof grant === 'object'
    const source = isLong ? asMap(grant).source : grant
    if (source !== undefined)
      checkDeclaredKey(faults, data, kind, toText(source), [...path, kind, i, ...(isLong ? ['source'] : [])])
  }
}

function checkDeclared(
  references: References,
  data: YamlMap,
  kind: 'configs' | 'secrets',
  exists: (file: string) => boolean,
): void {
  for (const [key, definition] of Object.entries(asMap(data[kind]))) {
    const { file, external, name, driver } = asMap(definition)
    const path = [kind, key]
    if (file !== undefined) {
      addFile(
        references,
        { kind, key, file: toText(file), ...(name === undefined ? {} : { name: toText(name) }) },
        [...path, 'file'],
        exists,
      )
    } else if ((external === undefined || external === false) && driver === undefined) {
      references.faults.push({
        path,
        at: 'key',
        message: `"${key}" has no source: set "file: ./...", or "external: true" if it exists in the Swarm`,
      })
    }
  }
}

function addFile({ faults, files }: References, named: NamedFile, path: Path, exists: (file: string) => boolean): void {
  const { file } = named
  if (file.includes('$')) {
    faults.push({ path, message: `${file}: variables are not supported in file names: write the name out` })
  } else if (file.startsWith('/') || posix.normalize(file).startsWith('..')) {
    faults.push({
      path,
      message: `${file} is outside the compose file's directory: move it there, so that it is copied to the node`,
    })
  } else if (!exists(file)) {
    faults.push({
      path,
      message: `file ${file} not found in the compose file's directory: create it, or correct its name`,
    })
  } else {
    files.push(named)
  }
}

function checkPorts({ faults }: References, service: YamlMap, path: Path, taken: Map<string, string>): void {
  const name = String(path[1])
  for (const [i, definition] of asList(service.ports).entries()) {
    for (const { published, protocol, mode } of portsOf(definition)) {
      const at = [...path, 'ports', i]
      const port = `${published}/${protocol}`
      const publisher = taken.get(port)
      if (publisher !== undefined)
        faults.push({
          path: at,
          message: `port ${port} is already published by service "${publisher}": change one of them`,
        })
      taken.set(port, name)
      if (mode === 'ingress' && asMap(service.deploy).endpoint_mode === 'dnsrr') {
        faults.push({
          path: at,
          message: `port ${port} uses the routing mesh, which needs endpoint_mode vip: write it as {target: ..., published: ${published}, mode: host}, or use vip`,
        })
      }
    }
  }
}
