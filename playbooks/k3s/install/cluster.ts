import { isIP } from 'node:net'
import { PlaybookError, type PlayContext } from '../../../src/labbook.ts'
import { labelFault, taintFault } from '../../../src/k3s/node.ts'
import type { Role } from '../../../src/k3s/paths.ts'
import { addressAmongNodes } from '../../lab/address.ts'
import { nodeNameOf } from '../cluster.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** A machine and what it is to be in the cluster. */
export interface K3sNode {
  /** In the inventory. */
  readonly host: string
  /** In the cluster. */
  readonly name: string
  readonly role: Role
  /** Where others reach it. */
  readonly address: string
  /** For the cluster's own traffic, where the inventory has an address and not a name. */
  readonly ip: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly string[]
}

export interface PlannedCluster {
  readonly nodes: readonly K3sNode[]
  /** The server that the others join. */
  readonly first: K3sNode
  readonly servers: readonly K3sNode[]
  /** Where nodes and kubectl find the API. */
  readonly api: string
}

export const API_PORT = 6443

/** A name of DNS: Kubernetes takes no other. */
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/**
 * The cluster that the inventory asks for.
 *
 * @throws {PlaybookError} where it cannot be: no server, two of them, names that are taken twice, labels that are none.
 */
export function plannedCluster({ groups, hostvars }: Inventory): PlannedCluster {
  const [servers = [], agents = []] = [groups.k3s_servers, groups.k3s_agents]
  const both = agents.find((host) => servers.includes(host))
  if (both !== undefined)
    throw new PlaybookError(
      `${both} is in k3s_servers and in k3s_agents: a machine is the one or the other (a server runs pods as well)`,
    )
  const nodes = [
    ...servers.map((host) => nodeOf({ groups, hostvars }, host, 'server')),
    ...agents.map((host) => nodeOf({ groups, hostvars }, host, 'agent')),
  ]
  const refused = serversRefused(servers.length)
  if (refused !== undefined) throw new PlaybookError(refused)
  distinct(nodes)
  const first = nodes[0] as K3sNode
  return {
    nodes,
    first,
    servers: nodes.filter(({ role }) => role === 'server'),
    api: String(hostvars(first.host).k3s_api_address ?? first.address),
  }
}

/** Why a cluster cannot have so many servers. */
function serversRefused(count: number): string | undefined {
  if (count === 0) return 'the inventory has no host in group k3s_servers: a cluster needs one'
  if (count % 2 === 1) return undefined
  return (
    `k3s_servers has ${count} hosts, and etcd needs more than half of them to work: ${count} can lose ${count / 2 - 1}, as ${count - 1} can, and there is one more to lose. ` +
    `Take ${count === 2 ? 'one or three' : `${count - 1} or ${count + 1}`}, and make the rest agents`
  )
}

function nodeOf(on: Inventory, host: string, role: Role): K3sNode {
  const vars = on.hostvars(host)
  const name = nodeNameOf(on, host)
  const address = addressAmongNodes(on, host)
  const ip = vars.k3s_node_ip === undefined ? (isIP(address) === 0 ? undefined : address) : String(vars.k3s_node_ip)
  if (!NAME.test(name) || name.length > 253) {
    throw new PlaybookError(
      `${host}: "${name}" is no name for a node of Kubernetes (small letters, digits, - and .): set k3s_node_name for this host`,
    )
  }
  if (ip !== undefined && isIP(ip) === 0)
    throw new PlaybookError(`${host}: k3s_node_ip is "${ip}": write an IP address`)
  return {
    host,
    name,
    role,
    address,
    ip,
    labels: labelsOf(host, vars.k3s_labels),
    taints: taintsOf(host, vars.k3s_taints),
  }
}

function labelsOf(host: string, value: unknown): Record<string, string> {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw new PlaybookError(`${host}: k3s_labels must be a mapping, such as {zone: a}`)
  }
  const labels = Object.entries((value ?? {}) as Record<string, unknown>).map(([key, text]): [string, string] => [
    key,
    String(text),
  ])
  const fault = labels.map(([key, text]) => labelFault(key, text)).find((found) => found !== undefined)
  if (fault !== undefined) throw new PlaybookError(`${host}: k3s_labels: ${fault}`)
  return Object.fromEntries(labels)
}

function taintsOf(host: string, value: unknown): string[] {
  if (value !== undefined && !Array.isArray(value))
    throw new PlaybookError(`${host}: k3s_taints must be a list, such as ["dedicated=db:NoSchedule"]`)
  const taints = (value ?? []).map(String)
  const fault = taints.map(taintFault).find((found) => found !== undefined)
  if (fault !== undefined) throw new PlaybookError(`${host}: k3s_taints: ${fault}`)
  return taints
}

/**
 * Two machines of one name: the second would be refused by the first one's password, minutes later and in other words.
 */
function distinct(nodes: readonly K3sNode[]): void {
  for (const [what, key] of [
    ['is called', 'name'],
    ['has the address', 'address'],
    ['has the address', 'ip'],
  ] as const) {
    const seen = new Map<string, string>()
    for (const node of nodes) {
      const value = node[key]
      if (value === undefined) continue
      const other = seen.get(value)
      if (other !== undefined) {
        throw new PlaybookError(
          `both ${other} and ${node.host} ${what} ${value}: nodes of a cluster must differ${key === 'name' ? ', and capitals do not count. Set k3s_node_name for one of them' : ''}`,
        )
      }
      seen.set(value, node.host)
    }
  }
}

/** The node that a host is to be. */
export function nodeFor(on: Inventory & { readonly host: string }): K3sNode {
  const node = plannedCluster(on).nodes.find(({ host }) => host === on.host)
  if (node === undefined) throw new PlaybookError(`${on.host} is in neither k3s_servers nor k3s_agents`)
  return node
}

/** Labels of Kubernetes' own domains a node may not give itself: those are set from a server alone. */
export const ownLabels = ({ labels }: K3sNode): string[] =>
  Object.entries(labels)
    .filter(([key]) => !/(^|\.)(kubernetes|k8s)\.io\//.test(key))
    .map(([key, value]) => `${key}=${value}`)

/** The cluster in a line a node. */
export const clusterText = ({ nodes, api, servers }: PlannedCluster): string =>
  [
    `API: https://${api}:${API_PORT}; data in ${servers.length === 1 ? 'SQLite on the one server' : `etcd on ${servers.length} servers`}`,
    ...nodes.map(({ name, role, address, labels, taints }) =>
      [
        `${name} (${address}): ${role}`,
        ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
        ...taints,
      ].join(', '),
    ),
  ].join('\n')
