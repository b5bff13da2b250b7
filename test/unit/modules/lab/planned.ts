import type { z } from 'zod'
import type { Plan } from '../../../../src/modules/module.ts'
import type { ModuleCall } from '../../../../src/modules/task.ts'

/** The plan of a module for an output of its probe. */
export function planFor<S extends z.ZodType, V>(module: ModuleCall<S, V>, params: z.input<S>, stdout: string): Plan<V> {
  const { definition } = module
  return definition.plan(definition.schema.parse(params), { stdout, stderr: '', exitCode: 0 }, {}, {})
}

export const descriptions = (plan: Plan<unknown>): string[] => plan.changes.map((change) => change.description)

export const nodes = [
  { name: 'node1', address: '10.79.0.11' },
  { name: 'node2', address: '10.79.0.12' },
]
export const network = { name: 'lbtest', dir: '/srv/labs/one', subnet: '10.79.0.0/24', nodes }
export const node1 = {
  lab: 'lbtest',
  dir: '/srv/labs/one',
  rootfs: '/srv/labs/rootfs',
  name: 'node1',
  address: '10.79.0.11',
  nodes,
}
