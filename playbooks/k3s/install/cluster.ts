import { isIP } from 'node:net'
import { PlaybookError, type PlayContext } from 'labbook'
import { labelError, type Role, taintError } from 'labbook/k3s'
import { nodeAddress } from '../../lab/address.ts'
import { nodeNameOf } from '../cluster.ts'
import { k3sVars } from '../vars.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** A host and its role in the cluster. */
export interface K3sNode {
  /** Name in the inventory. */
  readonly host: string
  /** Name in the cluster. */
  readonly name: string
  readonly role: Role
  /** Address at which other nodes reach it. */
  readonly address: string
  /** IP address for cluster traffic, if the inventory has an address and not a name. */
  readonly ip: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly string[]
}

export interface PlannedCluster {
  readonly nodes: readonly K3sNode[]
  /** The server that the others join. */
  readonly first: K3sNode
  readonly servers: readonly K3sNode[]
  /** Address of the API for nodes and kubectl. */
  readonly api: string
}

export const API_PORT = 6443

/** A DNS subdomain name, as Kubernetes requires. */
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/**
 * The cluster that the inventory describes.
 *
 * @throws {PlaybookError} if it is invalid: no server, an even number of servers, duplicate names, invalid labels.
 */
export function plannedCluster({ groups, hostvars }: Inventory): PlannedCluster {
  const [servers = [], agents = []] = [groups.k3s_servers, groups.k3s_agents]
  const both = agents.find((host) => servers.includes(host))
  if (both !== undefined)
    throw new PlaybookError(
      `${both} is in both k3s_servers and k3s_agents: remove it from one (a server also runs pods)`,
    )
  const nodes = [
    ...servers.map((host) => nodeOf({ groups, hostvars }, host, 'server')),
    ...agents.map((host) => nodeOf({ groups, hostvars }, host, 'agent')),
  ]
  const problem = serverCountProblem(servers.length)
  if (problem !== undefined) throw new PlaybookError(problem)
  assertDistinct(nodes)
  const first = nodes[0] as K3sNode
  return {
    nodes,
    first,
    servers: nodes.filter(({ role }) => role === 'server'),
    api: k3sVars.read(hostvars(first.host), first.host).k3s_api_address ?? first.address,
  }
}

/** Why the number of servers is invalid. */
function serverCountProblem(count: number): string | undefined {
  if (count === 0) return 'the inventory has no host in group k3s_servers: add one'
  if (count % 2 === 1) return undefined
  return (
    `k3s_servers has ${count} hosts, but etcd needs an odd number: ${count} servers tolerate no more failures than ${count - 1}. ` +
    `Use ${count === 2 ? '1 or 3' : `${count - 1} or ${count + 1}`}, and make the rest agents`
  )
}

function nodeOf(on: Inventory, host: string, role: Role): K3sNode {
  const { k3s_node_ip, k3s_labels: labels, k3s_taints: taints } = k3sVars.read(on.hostvars(host), host)
  const name = nodeNameOf(on, host)
  const address = nodeAddress(on, host)
  const ip = k3s_node_ip ?? (isIP(address) === 0 ? undefined : address)
  if (!NAME.test(name) || name.length > 253) {
    throw new PlaybookError(
      `${host}: "${name}" is not a valid node name (lowercase letters, digits, - and .): set k3s_node_name for this host`,
    )
  }
  if (ip !== undefined && isIP(ip) === 0)
    throw new PlaybookError(`${host}: k3s_node_ip is "${ip}": it must be an IP address`)
  const labelProblem = Object.entries(labels)
    .map(([key, text]) => labelError(key, text))
    .find((problem) => problem !== undefined)
  if (labelProblem !== undefined) throw new PlaybookError(`${host}: k3s_labels: ${labelProblem}`)
  const taintProblem = taints.map(taintError).find((problem) => problem !== undefined)
  if (taintProblem !== undefined) throw new PlaybookError(`${host}: k3s_taints: ${taintProblem}`)
  return { host, name, role, address, ip, labels, taints }
}

/** Rejects duplicate names and addresses early: k3s would fail minutes later with an unrelated password error. */
function assertDistinct(nodes: readonly K3sNode[]): void {
  for (const [relation, key] of [
    ['have the name', 'name'],
    ['have the address', 'address'],
    ['have the address', 'ip'],
  ] as const) {
    const hostByValue = new Map<string, string>()
    for (const node of nodes) {
      const value = node[key]
      if (value === undefined) continue
      const other = hostByValue.get(value)
      if (other !== undefined) {
        throw new PlaybookError(
          `${other} and ${node.host} both ${relation} ${value}: nodes of a cluster must differ${key === 'name' ? ' (ignoring case). Set k3s_node_name for one of them' : ''}`,
        )
      }
      hostByValue.set(value, node.host)
    }
  }
}

/** The planned node of a host. */
export function nodeFor(on: Inventory & { readonly host: string }): K3sNode {
  const node = plannedCluster(on).nodes.find(({ host }) => host === on.host)
  if (node === undefined) throw new PlaybookError(`${on.host} is in neither k3s_servers nor k3s_agents`)
  return node
}

/** Labels that the kubelet may set itself. Labels in Kubernetes domains can only be set from a server. */
export const kubeletLabels = ({ labels }: K3sNode): string[] =>
  Object.entries(labels)
    .filter(([key]) => !/(^|\.)(kubernetes|k8s)\.io\//.test(key))
    .map(([key, value]) => `${key}=${value}`)

/** Describes the cluster, one line per node. */
export const describeCluster = ({ nodes, api, servers }: PlannedCluster): string =>
  [
    `API: https://${api}:${API_PORT}; datastore: ${servers.length === 1 ? 'SQLite on the server' : `etcd on ${servers.length} servers`}`,
    ...nodes.map(({ name, role, address, labels, taints }) =>
      [
        `${name} (${address}): ${role}`,
        ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
        ...taints,
      ].join(', '),
    ),
  ].join('\n')
