import { experiment } from 'labbook'
import { providerOf } from 'labbook/lab'
import { projectLab } from './lab.ts'

const HEAD = ['NODE', 'ADDRESS', 'STATE', 'UPTIME', 'MEMORY', 'REACHED BY'].join('\t')

/** Shows the status of the lab. Read-only. */
export const labStatus = experiment(
  'Show lab status',
  {
    hosts: 'localhost',
    disturbs: false,
    assertions: { 'lab.nodes.up': 'Every lab node responds on its SSH port' },
  },
  async (on) => {
    const lab = projectLab(on)
    if (lab === undefined) {
      on.log('no host of the inventory has lab_provider: there is no lab')
      return
    }
    const provider = providerOf(lab)
    on.log(`${provider.name}: ${provider.description}`)
    const nodes = await on.exhibit({
      title: 'Lab nodes',
      displayCommand: `nodes of the lab (${provider.name})`,
      command: `{ printf '%s\\n' '${HEAD}'\n${provider.status(lab)}\n} | awk -F '\\t' '{ printf "%-14s %-15s %-26s %-12s %-9s %s\\n", $1, $2, $3, $4, $5, $6 }'`,
    })
    const resources = await on.exhibit({
      title: 'Lab resources',
      displayCommand: 'resources of the lab',
      command: provider.resources(lab),
    })
    const up = nodes.stdout.split('\n').filter((line) => / SSH-/.test(line)).length
    on.finding('lab.nodes.up', {
      holds: up === lab.nodes.length,
      evidence: [nodes, resources],
      detail: `${up} of ${lab.nodes.length} nodes are up`,
    })
  },
)
