import { homedir } from 'node:os'
import path from 'node:path'
import type { PlayContext } from '../../../src/labbook.ts'
import { labOf } from '../../lab/lab.ts'
import { plannedCluster } from './cluster.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

const home = (): string =>
  process.getuid?.() === 0 ? '/var/lib/labbook' : path.join(homedir(), '.local/share/labbook')

/** The name under which kubectl on this machine knows the cluster: `k3s_context`. */
export const contextOf = (on: Inventory): string =>
  String(on.hostvars(plannedCluster(on).first.host).k3s_context ?? labOf(on)?.name ?? 'labbook')

/** The cluster's kubeconfig on this machine: `k3s_kubeconfig`, or in the lab's folder, so that it goes with it. */
export function kubeconfigOf(on: Inventory): string {
  const asked = on.hostvars(plannedCluster(on).first.host).k3s_kubeconfig
  return asked === undefined
    ? path.join(labOf(on)?.dir ?? home(), 'k3s', 'kubeconfig.yaml')
    : path.resolve(String(asked))
}
