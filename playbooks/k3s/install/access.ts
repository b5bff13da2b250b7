import path from 'node:path'
import { copy, file, play, type PlayContext, register, secret, slurp } from 'labbook'
import { defaultKubeconfig, K3S_KUBECONFIG, kubeconfig, renameContext } from 'labbook/k3s'
import { endpointOf } from '../../lab/address.ts'
import { API_PORT, plannedCluster } from './cluster.ts'
import { k3sVars } from '../vars.ts'
import { contextOf, kubeconfigOf } from './kubeconfig.ts'

const serverKubeconfig = register<{ content: string; sha256: string }>('k3s_kubeconfig')

const HERE = { delegate_to: 'localhost', become: false } as const

/** The API as this machine reaches it: through a forwarded port if there is one. */
function apiFromHere(on: PlayContext): string {
  const { api, first } = plannedCluster(on)
  const { host, port } = endpointOf(on.hostvars(first.host), first.host, API_PORT)
  return on.vars.lab_forwards === undefined ? `${api}:${API_PORT}` : `${host}:${port}`
}

/**
 * Writes a kubeconfig for the cluster on this machine and, with k3s_kubeconfig_merge, adds a context to the default
 * one.
 */
export const access = play('Fetch kubeconfig', { hosts: 'k3s_servers[0]', become: true, tags: 'k3s' }, (on) => {
  const context = contextOf(on)
  const dest = kubeconfigOf(on)
  const text = serverKubeconfig.map(({ content }) =>
    secret(renameContext(content, { context, server: `https://${apiFromHere(on)}` })),
  )
  const shared = defaultKubeconfig()
  return [
    slurp('Read kubeconfig from server', { src: K3S_KUBECONFIG, no_log: true, register: serverKubeconfig }),
    file('Create kubeconfig directory', { path: path.dirname(dest), state: 'directory', mode: '0700', ...HERE }),
    copy('Write kubeconfig', { content: text, dest, mode: '0600', ...HERE }),
    k3sVars.read(on.vars).k3s_kubeconfig_merge && [
      file('Create kubectl directory', { path: path.dirname(shared), state: 'directory', ...HERE }),
      kubeconfig('Add kubectl context', { path: shared, context, kubeconfig: text, ...HERE }),
    ],
  ]
})

/** Removes the kubeconfig of the cluster from this machine. */
export const removeAccess = play('Remove kubeconfig', { hosts: 'localhost', tags: 'k3s' }, (on) => [
  file('Remove kubeconfig file', { path: kubeconfigOf(on), state: 'absent' }),
  kubeconfig('Remove kubectl context', { path: defaultKubeconfig(), context: contextOf(on), state: 'absent' }),
])
