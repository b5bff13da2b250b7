import { didYouMean, nearest, type Path, toText } from 'labbook'
import { posix } from 'node:path'
import { asList, asMap, type ComposeFault, type YamlMap } from './compose-values.ts'
import { contentProblem } from './daemon-checks.ts'
import { checkEnvFile } from './env-file.ts'
import type { Lookup } from './substitution.ts'

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

/** A file in the directory of the compose file. */
export interface FileContent {
  /** Bytes. */
  readonly size: number
  readonly read: () => Buffer
}

/** What a compose file is read with. */
export interface ComposeContext {
  /** The values of variables. */
  readonly lookup: Lookup
  /** A file by its path relative to the compose file; undefined if it does not exist. */
  readonly file: (name: string) => FileContent | undefined
  /** Name of the stack. */
  readonly stack: string
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

/** Parses `"8080:80"` and the long form; empty for ports that are not published. */
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
export function checkReferences(data: YamlMap, context: ComposeContext): References {
  const references: References = { faults: [], warnings: [], files: [] }
  const taken = new Map<string, Publisher>()
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
        { kind: 'env_file', key: name, file: toText(file) },
        [...path, 'env_file', ...(Array.isArray(service.env_file) ? [i] : [])],
        context,
      )
    }
  }
  for (const kind of ['configs', 'secrets'] as const) checkDeclared(references, data, kind, context)
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
  if (declared.includes(name)) return
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
    if (source === undefined) continue
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
  context: ComposeContext,
): void {
  for (const [key, definition] of Object.entries(asMap(data[kind]))) {
    const { file, external, name, driver } = asMap(definition)
    const path = [kind, key]
    if (file !== undefined) {
      addFile(
        references,
        { kind, key, file: toText(file), ...(name === undefined ? {} : { name: toText(name) }) },
        [...path, 'file'],
        context,
      )
      checkVersionedName(references, name, path)
    } else if ((external === undefined || external === false) && driver === undefined) {
      references.faults.push({
        path,
        at: 'key',
        message: `"${key}" has no source: set "file: ./...", or "external: true" if it exists in the Swarm`,
      })
    }
  }
}

/** Characters that the name of a config or secret may have; its length is cut. */
function checkVersionedName({ faults }: References, name: unknown, path: Path): void {
  if (name === undefined || /^[a-zA-Z0-9][a-zA-Z0-9-_.]*$/.test(toText(name))) return
  faults.push({ path: [...path, 'name'], message: '"name": use letters, digits, "-", "_" and "."' })
}

function addFile(references: References, named: NamedFile, path: Path, context: ComposeContext): void {
  const { faults, files } = references
  const { file } = named
  if (file.startsWith('/') || posix.normalize(file).startsWith('..')) {
    faults.push({
      path,
      message: `${file} is outside the compose file's directory: move it there, so that it is copied to the node`,
    })
    return
  }
  const content = context.file(file)
  if (content === undefined) {
    faults.push({
      path,
      message: `file ${file} not found in the compose file's directory: create it, or correct its name`,
    })
    return
  }
  files.push(named)
  if (named.kind === 'env_file') checkEnvironmentFile(references, file, content, path, context)
  else {
    const problem = contentProblem(named.kind, file, content.size)
    if (problem !== undefined) faults.push({ path, message: problem })
  }
}

function checkEnvironmentFile(
  { faults, warnings }: References,
  file: string,
  content: FileContent,
  path: Path,
  { lookup }: ComposeContext,
): void {
  const { problems, valueless } = checkEnvFile(content.read())
  for (const { line, message } of problems) faults.push({ path, message: `line ${line} of ${file} ${message}` })
  for (const { line, name } of valueless) {
    const message = `line ${line} of ${file}: ${name} has no value`
    if (lookup(name) === undefined) warnings.push({ path, message: `${message}: write ${name}=VALUE, or remove it` })
    else faults.push({ path, message: `${message}: to set it with -e ${name}=..., add it to "environment" instead` })
  }
}

/** The service that publishes a port. */
interface Publisher {
  readonly service: string
  readonly mode: string
  readonly pinned: boolean
}

function checkPorts(
  { faults, warnings }: References,
  service: YamlMap,
  path: Path,
  taken: Map<string, Publisher>,
): void {
  const name = String(path[1])
  const pinned = asList(asMap(asMap(service.deploy).placement).constraints).length > 0
  for (const [i, definition] of asList(service.ports).entries()) {
    for (const { published, protocol, mode } of portsOf(definition)) {
      const at = [...path, 'ports', i]
      const port = `${published}/${protocol}`
      const other = taken.get(port)
      // Host ports are bound on the nodes that run a task: two services may use one on different nodes.
      const mayCoexist = other?.service !== name && other?.mode === 'host' && mode === 'host'
      if (other !== undefined && !mayCoexist)
        faults.push({
          path: at,
          message: `port ${port} is already published by service "${other.service}": change one of them`,
        })
      else if (other !== undefined && !(pinned && other.pinned))
        warnings.push({
          path: at,
          message: `service "${other.service}" publishes port ${port} of its nodes, too: pin both to different nodes with deploy.placement.constraints`,
        })
      taken.set(port, { service: name, mode, pinned })
      if (mode === 'ingress' && asMap(service.deploy).endpoint_mode === 'dnsrr') {
        faults.push({
          path: at,
          message: `port ${port} uses the routing mesh, which needs endpoint_mode vip: write it as {target: ..., published: ${published}, mode: host}, or use vip`,
        })
      }
    }
  }
}
