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
  // The banner is read through a shell without a client, so that nothing but bash is needed.
  const look = lab.nodes.map(({ name, address }) =>
    `printf '%-12s %-15s ' ${name} ${address}; if ip -4 addr show dev ${lab.name}0 >/dev/null 2>&1; then timeout 3 bash -c 'read -r line </dev/tcp/${address}/22 && echo "up, $line"' 2>/dev/null || echo down; else echo "down (no lab network)"; fi`)
  const nodes = await on.exhibit({ title: 'Lab nodes', command: look.join('\n') })
  const parts = await on.exhibit({ title: 'Lab parts', command: `ip netns list | grep '^${lab.name}-' || echo 'no network namespaces'; du -sh ${lab.dir} ${lab.rootfs} 2>/dev/null || :` })
  const up = nodes.stdout.split('\n').filter((line) => / up, SSH-/.test(line)).length
  on.finding('lab.nodes.up', { holds: up === lab.nodes.length, evidence: [nodes, parts], detail: `${up} of ${lab.nodes.length} nodes are up` })
})
