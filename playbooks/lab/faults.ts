import type { CareContext } from '../../src/labbook.ts'
import { machineFaults, type Faults } from '../../src/lab/faults.ts'
import { providerOf } from '../../src/lab/providers.ts'
import { labOf } from './lab.ts'

/** What an experiment can do to a node, however the node was made. */
export function faultsOf(on: Pick<CareContext, 'groups' | 'hostvars'>, name: string): Faults {
  const lab = labOf(on)
  const node = lab?.nodes.find((each) => each.name === name)
  if (lab === undefined || node === undefined) return machineFaults(name, Number(on.hostvars(name).ansible_port ?? 22))
  return providerOf(lab).faults(lab, node)
}
