import { PlaybookError, type CareContext, type PlayContext } from '../../src/labbook.ts'
import { K3S_BINARY } from '../../src/k3s/paths.ts'
import { sh } from '../../src/shell/quote.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** From where a cluster is spoken to, and in which words. */
export interface ClusterAccess {
  /** The host that commands run on: the first server, or this machine. */
  readonly host: string
  readonly become: boolean
  /** A context of this machine's kubeconfig, in place of hosts: `-e kubecontext=k3d-mine`. */
  readonly context: string | undefined
  /** What every command begins with. */
  readonly kubectl: string
}

/** What `-e` said: variables of the command line are every host's. */
const said = ({ hostvars }: Inventory, name: string): string | undefined => {
  const value = hostvars('localhost')[name]
  return value === undefined || value === '' ? undefined : String(value)
}

/** @throws {PlaybookError} there is neither a server in the inventory nor a context. */
export function clusterAccess(on: Inventory): ClusterAccess {
  const context = said(on, 'kubecontext')
  if (context !== undefined)
    return { host: 'localhost', become: false, context, kubectl: sh`kubectl --context ${context}` }
  const server = on.groups.k3s_servers?.[0]
  if (server === undefined) {
    throw new PlaybookError(
      'the inventory has no host in group k3s_servers: name the hosts that are to be one, or an existing cluster with -e kubecontext=...',
    )
  }
  return { host: server, become: true, context, kubectl: `${K3S_BINARY} kubectl` }
}

/** The cluster's machines by their names in the inventory: servers, then agents. Of a context there are none. */
export const hostsOf = (on: Inventory): string[] =>
  said(on, 'kubecontext') === undefined
    ? [...new Set([...(on.groups.k3s_servers ?? []), ...(on.groups.k3s_agents ?? [])])]
    : []

/** Whom an experiment on the cluster disturbs: its machines, or the cluster of a context. */
export function clusterMachines(on: Inventory): string[] {
  const context = said(on, 'kubecontext')
  return context === undefined ? hostsOf(on) : [`context ${context}`]
}

/** What the cluster calls a host of the inventory. */
export const nodeNameOf = ({ hostvars }: Pick<Inventory, 'hostvars'>, host: string): string =>
  String(hostvars(host).k3s_node_name ?? host).toLowerCase()

/** The cluster's machines by the names that the cluster has for them, in the order of {@link hostsOf}. */
export const nodesOf = (on: Inventory): string[] => hostsOf(on).map((host) => nodeNameOf(on, host))

/** How to run kubectl in an experiment: spread it into a command, with `k` around its words. */
export function kubectl(on: Pick<CareContext, 'groups' | 'hostvars'>): {
  readonly at: { readonly host: string; readonly become: boolean }
  k(words: string): string
} {
  const { host, become, kubectl: program } = clusterAccess(on)
  return { at: { host: host === 'localhost' ? 'controller' : host, become }, k: (words) => `${program} ${words}` }
}
