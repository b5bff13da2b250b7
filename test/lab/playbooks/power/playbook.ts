import { play, playbook } from 'labbook'
import { lab_node } from 'labbook/lab'
import { projectLab } from '../../../../playbooks/lab/lab.ts'
import { toText } from '../../../../src/values/to-text.ts'

export default playbook({
  name: 'power',
  description: 'Cuts the power of a node (-e power_node=...; default node3).',
  steps: [
    play('Power cut', { hosts: 'localhost' }, (on) => {
      const lab = projectLab(on)
      const cut = toText(on.vars.power_node ?? 'node3')
      const node = lab?.nodes.find(({ name }) => name === cut)
      if (lab === undefined || node === undefined) throw new Error('the lab has no such node')
      const { name, dir, rootfs, nodes } = lab
      const { address, memory, disk } = node
      return [
        lab_node({
          lab: name,
          dir,
          rootfs,
          nodes: nodes.map(({ name, address }) => ({ name, address })),
          name: cut,
          address,
          memory,
          disk,
          state: 'stopped',
        }),
      ]
    }),
  ],
})
