import type { CareContext } from '../../src/labbook.ts'
import { machineFaults, namespaceFaults, type Faults } from '../../src/lab/faults.ts'
import { setting } from '../../src/lab/node.ts'
import { labOf } from './lab.ts'

/** What an experiment can do to a node, however the node was made. */
export function faultsOf(on: Pick<CareContext, 'groups' | 'hostvars'>, name: string): Faults {
  const lab = labOf(on)
  const node = lab?.nodes.find((each) => each.name === name)
  if (lab === undefined || node === undefined) return machineFaults(name, Number(on.hostvars(name).ansible_port ?? 22))
  const nodes = lab.nodes.map(({ name, address }) => ({ name, address }))
  return namespaceFaults(setting({ lab: lab.name, dir: lab.dir, rootfs: lab.rootfs, nodes, name, address: node.address, memory: node.memory, disk: node.disk }))
}
