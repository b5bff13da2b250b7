import { PlaybookError, type PlayContext, sh } from 'labbook'
import { type LabSetupContext } from '../messages/say.ts'
import { K3S_BINARY } from 'labbook/k3s'
import { distributionOf, TOOLS } from './distribution.ts'
import { k3sVars } from './vars.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** How to run kubectl for a cluster. */
export interface KubectlTarget {
  /** The host that commands run on: the first server, or this machine. */
  readonly host: string
  readonly become: boolean
  /** A context of this machine's kubeconfig instead of hosts: `-e kubecontext=k3d-mine`. */
  readonly context: string | undefined
  /** Start of every command. */
  readonly kubectl: string
}

/**
 * The cluster of `-e kubecontext=NAME`, or the one that k3d or minikube creates; undefined for a cluster of the
 * inventory's hosts.
 */
export function contextIn(vars: PlayContext['vars']): string | undefined {
  const created = distributionOf(vars)
  return created === undefined ? k3sVars.read(vars).kubecontext || undefined : TOOLS[created.tool].context(created.name)
}

const existingContext = ({ hostvars }: Inventory): string | undefined => contextIn(hostvars('localhost'))

/** @throws {PlaybookError} if there is neither a server in the inventory nor a context. */
export function kubectlTarget(on: Inventory): KubectlTarget {
  const context = existingContext(on)
  if (context !== undefined)
    return { host: 'localhost', become: false, context, kubectl: sh`kubectl --context ${context}` }
  const server = on.groups.k3s_servers?.[0]
  if (server === undefined) {
    throw new PlaybookError(
      'the inventory has no host in group k3s_servers: add one, or name an existing cluster with -e kubecontext=...',
    )
  }
  return { host: server, become: true, context, kubectl: `${K3S_BINARY} kubectl` }
}

/** The cluster's hosts by inventory name: servers, then agents. Empty for a context. */
export const clusterHosts = (on: Inventory): string[] =>
  existingContext(on) === undefined
    ? [...new Set([...(on.groups.k3s_servers ?? []), ...(on.groups.k3s_agents ?? [])])]
    : []

/** Targets that an experiment on the cluster disturbs: its hosts, or the context. */
export function disturbedTargets(on: Inventory): string[] {
  const context = existingContext(on)
  return context === undefined ? clusterHosts(on) : [`context ${context}`]
}

/** Node name of a host of the inventory. */
export const nodeNameOf = ({ hostvars }: Pick<Inventory, 'hostvars'>, host: string): string =>
  (k3sVars.read(hostvars(host), host).k3s_node_name ?? host).toLowerCase()

/** The cluster's hosts by node name, in the order of {@link clusterHosts}. */
export const clusterNodes = (on: Inventory): string[] => clusterHosts(on).map((host) => nodeNameOf(on, host))

/** kubectl for an experiment: spread `at` into the command options, and build the command with `k`. */
export function kubectl(on: Pick<LabSetupContext, 'groups' | 'hostvars'>): {
  readonly at: { readonly host: string; readonly become: boolean }
  readonly k: (args: string) => string
} {
  const { host, become, kubectl: program } = kubectlTarget(on)
  return { at: { host: host === 'localhost' ? 'controller' : host, become }, k: (args) => `${program} ${args}` }
}
