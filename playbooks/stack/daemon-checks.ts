import { toText, type Path } from 'labbook'
import { asList, asMap, type ComposeFault, type YamlMap } from './compose-values.ts'
import { withReplacement } from './variables.ts'

/*
 * What `docker stack config` accepts and the daemon of a manager refuses or ignores (moby/swarmkit, manager/controlapi,
 * manager/constraint and manager/scheduler).
 */

export interface DaemonFindings {
  readonly faults: ComposeFault[]
  readonly warnings: ComposeFault[]
}

/** Names of services and networks are DNS labels. */
const DNS_LABEL = /^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/
const MAX_DNS_LABEL = 63
/** Drivers whose networks exist on one node only. */
const LOCAL_DRIVERS = new Set(['bridge', 'host', 'null', 'none', 'macvlan', 'ipvlan'])
const MIN_MEMORY = 4 * 1024 * 1024
const MIN_CPUS = 0.001

/**
 * Checks what only a daemon checks.
 *
 * @param stack - name of the stack, which becomes part of the services' names.
 */
export function checkForDaemon(data: YamlMap, stack: string): DaemonFindings {
  const findings: DaemonFindings = { faults: [], warnings: [] }
  for (const [name, definition] of Object.entries(asMap(data.services))) {
    const path = ['services', name]
    const service = asMap(definition)
    checkServiceName(findings, `${stack}_${name}`, path)
    checkImage(findings, service, path)
    checkAttachments(findings, service, path)
    checkPlacement(findings, service, path)
    checkResources(findings, service, path)
    checkMountTargets(findings, service, path)
    for (const [i, port] of asList(service.ports).entries()) checkAddress(findings, port, [...path, 'ports', i])
  }
  for (const [name, definition] of Object.entries(asMap(data.networks)))
    checkNetwork(findings, asMap(definition), ['networks', name])
  return findings
}

function checkServiceName({ faults }: DaemonFindings, fullName: string, path: Path): void {
  if (!DNS_LABEL.test(fullName))
    faults.push({
      path,
      at: 'key',
      message: `service name "${fullName}" is not valid: use letters, digits, "-" and "_"`,
    })
  else if (fullName.length > MAX_DNS_LABEL)
    faults.push({ path, at: 'key', message: `service name "${fullName}" has more than 63 characters: shorten it` })
}

const HOST = String.raw`(?:[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*|\[[a-f\d:]+\])(?::\d+)?`
const TAG = String.raw`(?::\w[\w.-]{0,127})?(?:@[a-z\d]+(?:[+._-][a-z\d]+)*:[a-f\d]{32,})?`
const REGISTRY_AND_TAG = new RegExp(`^(?:${HOST}/)?([^:@]+)${TAG}$`, 'i')
const REPOSITORY = /^[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*(?:\/[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*)*$/

function checkImage({ faults }: DaemonFindings, { image }: YamlMap, path: Path): void {
  if (typeof image !== 'string' || image === '') return
  const [, repository = ''] = REGISTRY_AND_TAG.exec(withReplacement(image, 'image')) ?? []
  if (REPOSITORY.test(repository)) return
  const message = `invalid image name "${image}": write it as REGISTRY/name:tag, with the name in lower case`
  faults.push({ path: [...path, 'image'], message })
}

function checkAttachments({ warnings }: DaemonFindings, { networks }: YamlMap, path: Path): void {
  for (const [name, attachment] of Object.entries(asMap(networks))) {
    for (const key of ['ipv4_address', 'ipv6_address']) {
      if (!Object.hasOwn(asMap(attachment), key)) continue
      const message = `Swarm ignores "${key}": use the service's name, or an alias of it (networks.NAME.aliases)`
      warnings.push({ path: [...path, 'networks', name, key], at: 'key', message })
    }
  }
}

function checkPlacement({ faults, warnings }: DaemonFindings, service: YamlMap, path: Path): void {
  const { constraints, preferences } = asMap(asMap(service.deploy).placement)
  const at = [...path, 'deploy', 'placement']
  for (const [i, constraint] of asList(constraints).entries()) {
    const problem = constraintProblem(toText(constraint))
    const place = { path: [...at, 'constraints', i] }
    if (problem !== undefined) faults.push({ ...place, message: `${problem}: write it as node.labels.NAME == VALUE` })
    else if (!isNodeProperty(toText(constraint)))
      warnings.push({ ...place, message: `no node matches "${toText(constraint)}": ${NODE_PROPERTIES}` })
  }
  for (const [i, preference] of asList(preferences).entries()) {
    const { spread } = asMap(preference)
    if (spread === undefined || /^(node|engine)\.labels\../i.test(toText(spread))) continue
    const message = `Swarm ignores "spread: ${toText(spread)}": it spreads over node.labels.NAME and engine.labels.NAME`
    warnings.push({ path: [...at, 'preferences', i, 'spread'], message: `${message}, and over nodes anyway` })
  }
}

const NODE_PROPERTIES =
  'use node.id, node.hostname, node.ip, node.role, node.platform.os, node.platform.arch, node.labels.NAME or engine.labels.NAME'

const isNodeProperty = (constraint: string): boolean =>
  /^\s*(node\.(id|hostname|ip|role|platform\.os|platform\.arch|labels\..+)|engine\.labels\..+?)\s*[!=]=/i.test(
    constraint,
  )

/** Why Swarm refuses a constraint. */
function constraintProblem(constraint: string): string | undefined {
  const operator = ['==', '!='].find((each) => constraint.includes(each))
  if (operator === undefined) return `constraint "${constraint}" has neither == nor !=`
  const at = constraint.indexOf(operator)
  const [key, value] = [constraint.slice(0, at).trim(), constraint.slice(at + operator.length).trim()]
  if (!/^[a-z_][a-z0-9\-_.]+$/i.test(key)) return `constraint "${constraint}" has an invalid key`
  if (!/^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i.test(value)) return `constraint "${constraint}" has an invalid value`
  return undefined
}

function checkResources({ faults }: DaemonFindings, service: YamlMap, path: Path): void {
  for (const kind of ['limits', 'reservations']) {
    const { cpus, memory } = asMap(asMap(asMap(service.deploy).resources)[kind])
    const at = [...path, 'deploy', 'resources', kind]
    const bytes = typeof memory === 'string' ? bytesOf(memory) : undefined
    if (typeof memory === 'string' && memory !== '' && bytes === undefined)
      faults.push({ path: [...at, 'memory'], message: `"memory": must be a size such as 64M or 1G` })
    if (bytes !== undefined && bytes !== 0 && bytes < MIN_MEMORY)
      faults.push({ path: [...at, 'memory'], message: `"memory": must be at least 4M` })
    if (typeof cpus !== 'string' || cpus === '') continue
    if (!/^\d*\.?\d+$|^\d+\.$/.test(cpus))
      faults.push({ path: [...at, 'cpus'], message: `"cpus": must be a number such as "0.5"` })
    else if (Number(cpus) !== 0 && Number(cpus) < MIN_CPUS)
      faults.push({ path: [...at, 'cpus'], message: `"cpus": must be at least 0.001` })
  }
}

/** A size as Docker reads it; undefined if it is none. */
function bytesOf(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' ')
}

function checkMountTargets({ faults }: DaemonFindings, { volumes }: YamlMap, path: Path): void {
  const targets = new Set<string>()
  for (const [i, mount] of asList(volumes).entries()) {
    const target = typeof mount === 'string' ? (mount.split(':')[1] ?? mount) : asMap(mount).target
    if (target === undefined) continue
    const key = toText(target)
    if (targets.has(key))
      faults.push({ path: [...path, 'volumes', i], message: `another volume is mounted on ${key}: change one of them` })
    targets.add(key)
  }
}

function checkAddress({ faults }: DaemonFindings, port: unknown, path: Path): void {
  const address = typeof port === 'string' ? addressOf(port) : undefined
  if (address === undefined || /^(0\.0\.0\.0|\[?::\]?)?$/.test(address)) return
  faults.push({
    path,
    message: `Swarm cannot publish a port on ${address} only, and would publish it on every address of every node: remove the address and restrict access with a firewall, or do not publish the port`,
  })
}

/** The address in `127.0.0.1:8080:80`; undefined without one. */
function addressOf(port: string): string | undefined {
  const bracketed = /^(\[[^\]]*\]):/.exec(port)?.[1]
  if (bracketed !== undefined) return bracketed
  const parts = port.split(':')
  return parts.length < 3 ? undefined : parts.slice(0, -2).join(':')
}

function checkNetwork({ faults }: DaemonFindings, network: YamlMap, path: Path): void {
  const { driver, external } = network
  if (external !== undefined && external !== false) return
  if (driver !== undefined && LOCAL_DRIVERS.has(toText(driver))) {
    const message = `services cannot use a network with driver "${toText(driver)}", which exists on one node only`
    faults.push({ path: [...path, 'driver'], message: `${message}: remove it (default: overlay), or use "external"` })
  }
}

/** Why Swarm refuses a secret or config with this content. */
export function contentProblem(kind: 'configs' | 'secrets', file: string, size: number): string | undefined {
  const limit = kind === 'secrets' ? 500 : 1000
  if (size === 0) return `${file} is empty, and Swarm refuses an empty ${kind.slice(0, -1)}: write something into it`
  if (size < limit * 1024) return undefined
  const advice = 'shorten it, or put it into an image or a volume'
  return `${file} has ${size} bytes, and Swarm refuses a ${kind.slice(0, -1)} of ${limit} KiB or more: ${advice}`
}
