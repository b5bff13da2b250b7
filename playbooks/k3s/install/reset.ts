import { onHosts, play } from '../../../src/labbook.ts'
import { k3s } from '../../../src/k3s/k3s.ts'
import { accessGone } from './access.ts'
import { nodeFor } from './cluster.ts'

const gone = (name: string, hosts: string) =>
  play(
    name,
    {
      hosts,
      become: true,
      tags: 'k3s',
      disturbs: (on) => onHosts(on.hosts, 'k3s is removed, with all that runs on it and all its data'),
    },
    (on) => [k3s('No k3s', { state: 'absent', role: nodeFor(on).role, timeout: 600 })],
  )

/** Agents first: a server that is still there takes in that they go. */
export const reset = [gone('k3s: agents go', 'k3s_agents'), gone('k3s: servers go', 'k3s_servers'), accessGone] as const
