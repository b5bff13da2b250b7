import { experiment } from '../../../src/labbook.ts'
import { K3S_BINARY } from '../../../src/k3s/paths.ts'
import { clusterOf } from './cluster.ts'

const NODES = `${K3S_BINARY} kubectl get nodes -o wide`

/** Is the cluster whole? */
export const clusterProof = experiment('The k3s cluster is whole', {
  hosts: 'k3s_servers[0]',
  tags: ['k3s', 'proof'],
  proves: { 'k3s.nodes.ready': 'Every node of the inventory is a member of the cluster, Ready, in its role' },
}, async (on) => {
  const { nodes } = clusterOf(on)
  const ready = (stdout: string): string[] => nodes.filter(({ name, role }) => isReady(stdout, name, role)).map(({ name }) => name)
  const { exhibit } = await on.watch({ title: 'k3s nodes', command: NODES, within: 120, until: ({ stdout }) => ready(stdout).length === nodes.length })
  const those = ready(exhibit.stdout)
  on.finding('k3s.nodes.ready', {
    holds: those.length === nodes.length,
    evidence: [exhibit],
    detail: `${those.length} of ${nodes.length} nodes are Ready`,
  })
})

/** Whether `kubectl get nodes` shows a node that is Ready, schedulable, and what it was to be. */
export function isReady(stdout: string, name: string, role: 'server' | 'agent'): boolean {
  const [, status, roles = ''] = stdout.split('\n').map((line) => line.trim().split(/\s+/)).find(([first]) => first === name) ?? []
  return status === 'Ready' && /\bcontrol-plane\b/.test(roles) === (role === 'server')
}
