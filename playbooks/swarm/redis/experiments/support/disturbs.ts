import type { Disturbs } from '../../../../../src/labbook.ts'
import { notManager, losesPower, swarmNodes } from '../../../experiments/support/disturbs.ts'
import { LAB } from './lab.ts'

/** A stack of its own stands beside the app for a while; the app's data is not touched. */
export const stackBeside = (more?: string): Disturbs =>
  swarmNodes(`the stack "${LAB}" is deployed beside the app${more === undefined ? '' : ` (${more})`}, and removed`)

/** On which node the master of Redis is then is not known before. */
export const masterLosesPower: Disturbs = (on) => [
  ...stackBeside()(on),
  ...losesPower(on, notManager(on)).map(({ host, what }) => ({
    host,
    what: `${what}, when it has the master of Redis`,
  })),
]
