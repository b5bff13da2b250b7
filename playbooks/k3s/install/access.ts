import path from 'node:path'
import { copy, file, play, register, secret, slurp, type PlayContext } from '../../../src/labbook.ts'
import { kubeconfig, renamed, usualKubeconfig } from '../../../src/k3s/kubeconfig.ts'
import { K3S_KUBECONFIG } from '../../../src/k3s/paths.ts'
import { doorTo } from '../../lab/address.ts'
import { API_PORT, plannedCluster } from './cluster.ts'
import { contextOf, kubeconfigOf } from './kept.ts'

const served = register<{ content: string; sha256: string }>('k3s_kubeconfig')

const HERE = { delegate_to: 'localhost', become: false } as const

const isTrue = (value: unknown): boolean => value === true || ['true', 'yes', '1'].includes(String(value).toLowerCase())

/** The API as this machine reaches it: where machines have a network of their own, by a port that leads there. */
function apiFromHere(on: PlayContext): string {
  const { api, first } = plannedCluster(on)
  const { host, port } = doorTo(on.hostvars(first.host), first.host, API_PORT)
  return on.vars.lab_forwards === undefined ? `${api}:${API_PORT}` : `${host}:${port}`
}

/**
 * kubectl on this machine can reach the cluster: a kubeconfig of its own and, where it is asked for, a context in the
 * one that is always read.
 */
export const access = play('k3s: kubeconfig', { hosts: 'k3s_servers[0]', become: true, tags: 'k3s' }, (on) => {
  const context = contextOf(on)
  const dest = kubeconfigOf(on)
  const text = served.map(({ content }) => secret(renamed(content, { context, server: `https://${apiFromHere(on)}` })))
  const shared = usualKubeconfig()
  return [
    slurp('Kubeconfig of the server', { src: K3S_KUBECONFIG, no_log: true, register: served }),
    file('Folder of the kubeconfig', { path: path.dirname(dest), state: 'directory', mode: '0700', ...HERE }),
    copy('Kubeconfig of the cluster', { content: text, dest, mode: '0600', ...HERE }),
    isTrue(on.vars.k3s_kubeconfig_merge) && [
      file('Folder of kubectl', { path: path.dirname(shared), state: 'directory', ...HERE }),
      kubeconfig('Context for kubectl', { path: shared, context, kubeconfig: text, ...HERE }),
    ],
  ]
})

/** What was kept here goes with the cluster. */
export const accessGone = play('k3s: no kubeconfig on this machine', { hosts: 'localhost', tags: 'k3s' }, (on) => [
  file('No kubeconfig of the cluster', { path: kubeconfigOf(on), state: 'absent' }),
  kubeconfig('No context for kubectl', { path: usualKubeconfig(), context: contextOf(on), state: 'absent' }),
])
