import { experiment } from '../../src/labbook.ts'
import { labOf } from './lab.ts'

/** Looks at the lab without touching it. */
export const labStatus = experiment('Lab status', {
  hosts: 'localhost',
  proves: { 'lab.nodes.up': 'Every node of the lab answers on its SSH port' },
}, async (on) => {
  const lab = labOf(on)
  if (lab === undefined) {
    on.notice('no host of the inventory has lab_provider: these are machines of your own')
    return
  }
  // The banner is read by the shell, so that no client is needed; without the lab's own interface nothing is sent at all.
  const look = `ip link show ${lab.name}0 >/dev/null 2>&1 || exit 0
for node in ${lab.nodes.map(({ name, address }) => `${name}=${address}`).join(' ')}; do
  banner=$(timeout 3 bash -c 'read -r line </dev/tcp/'"\${node#*=}"'/22 && echo "$line"' 2>/dev/null)
  echo "$node \${banner:-down}"
done`
  const nodes = await on.exhibit({ title: 'Lab nodes', command: look })
  const parts = await on.exhibit({ title: 'Lab parts', command: `ip netns list | grep '^${lab.name}-' || echo 'no network namespaces'; du -sh ${lab.dir} ${lab.rootfs} 2>/dev/null || :` })
  const up = nodes.stdout.split('\n').filter((line) => / SSH-/.test(line)).length
  on.finding('lab.nodes.up', { holds: up === lab.nodes.length, evidence: [nodes, parts], detail: `${up} of ${lab.nodes.length} nodes are up` })
})
