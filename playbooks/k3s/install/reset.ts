import { disturbAll, play } from 'labbook'
import { k3s } from 'labbook/k3s'
import { removeAccess } from './access.ts'
import { nodeFor } from './cluster.ts'

const remove = (name: string, hosts: string) =>
  play(
    name,
    {
      hosts,
      become: true,
      tags: 'k3s',
      disturbs: (on) => disturbAll(on.hosts, 'k3s is removed, with its workloads and data'),
    },
    (on) => [k3s('Uninstall k3s', { state: 'absent', role: nodeFor(on).role, timeout: 600 })],
  )

/** Agents first, while a server can still remove them from the cluster. */
export const reset = [
  remove('Remove k3s agents', 'k3s_agents'),
  remove('Remove k3s servers', 'k3s_servers'),
  removeAccess,
] as const
