import { homedir } from 'node:os'
import path from 'node:path'
import { type PlayContext, toText } from 'labbook'
import { labOf } from '../../lab/lab.ts'
import { plannedCluster } from './cluster.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

const dataDirectory = (): string =>
  process.getuid?.() === 0 ? '/var/lib/labbook' : path.join(homedir(), '.local/share/labbook')

/** Name of the kubectl context of the cluster: `k3s_context`. */
export const contextOf = (on: Inventory): string =>
  toText(on.hostvars(plannedCluster(on).first.host).k3s_context ?? labOf(on)?.name ?? 'labbook')

/**
 * The cluster's kubeconfig on this machine: `k3s_kubeconfig`, or in the lab's directory, so that it is removed with the
 * lab.
 */
export function kubeconfigOf(on: Inventory): string {
  const configured = on.hostvars(plannedCluster(on).first.host).k3s_kubeconfig
  return configured === undefined
    ? path.join(labOf(on)?.dir ?? dataDirectory(), 'k3s', 'kubeconfig.yaml')
    : path.resolve(toText(configured))
}
