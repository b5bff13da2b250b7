import type { Disturbs } from '../../../../../src/labbook.ts'
import { notManager, losesPower, swarmNodes } from '../../../experiments/support/disturbs.ts'
import { LAB } from './lab.ts'

/** A separate stack runs next to the app; the app's data is not changed. */
export const stackBeside = (more?: string): Disturbs =>
  swarmNodes(`the stack "${LAB}" is deployed next to the app${more === undefined ? '' : ` (${more})`}, and removed`)

/** The node of the Redis master is known only at run time. */
export const masterLosesPower: Disturbs = (on) => [
  ...stackBeside()(on),
  ...losesPower(on, notManager(on)).map(({ host, what }) => ({
    host,
    what: `${what}, if it runs the Redis master`,
  })),
]
