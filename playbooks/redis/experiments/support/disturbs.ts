import type { Disturbs } from 'labbook'
import { nonManagers, disturbSwarmNodes } from '../../../swarm/experiments/support/disturbs.ts'
import { LAB } from './lab-stack.ts'
import { powerOffEach } from '../../../lab/faults.ts'

/** A separate stack runs next to the app; the app's data is not changed. */
export const disturbsLabStack = (more?: string): Disturbs =>
  disturbSwarmNodes(
    `the stack "${LAB}" is deployed next to the app${more === undefined ? '' : ` (${more})`}, and removed`,
  )

/** The node of the Redis master is known only at run time. */
export const disturbsMasterNode: Disturbs = (on) => [
  ...disturbsLabStack()(on),
  ...powerOffEach(on, nonManagers(on)).map(({ host, what }) => ({
    host,
    what: `${what}, if it runs the Redis master`,
  })),
]
