import path from 'node:path'
import { type PlayContext, stateDirectory } from 'labbook'
import { projectLab } from '../../lab/lab.ts'
import { k3sVars } from '../vars.ts'
import { plannedCluster } from './cluster.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

const varsOf = (on: Inventory) => {
  const { host } = plannedCluster(on).first
  return k3sVars.read(on.hostvars(host), host)
}

/** Name of the kubectl context of the cluster: `k3s_context`. */
export const contextOf = (on: Inventory): string => varsOf(on).k3s_context ?? projectLab(on)?.name ?? 'labbook'

/**
 * The cluster's kubeconfig on this machine: `k3s_kubeconfig`, or in the lab's directory, so that it is removed with the
 * lab.
 */
export function kubeconfigOf(on: Inventory): string {
  const configured = varsOf(on).k3s_kubeconfig
  return configured === undefined
    ? path.join(projectLab(on)?.dir ?? stateDirectory(), 'k3s', 'kubeconfig.yaml')
    : path.resolve(configured)
}
