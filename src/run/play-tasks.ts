import type { Task } from '../modules/task.ts'
import { callOfPlay } from './mistake.ts'
import { flatten, type Play, type PlayContext } from './play.ts'

/** The tasks that a play has for a host. @throws {PlaybookError} its function throws: with play, host and place. */
export const tasksOf = (play: Play, context: PlayContext): Task[] =>
  callOfPlay(describe(play, context), play.at, () => flatten(play.tasks(context)))

/** The handlers that a play has for a host. @throws {PlaybookError} as {@link tasksOf}. */
export const handlersOf = (play: Play, context: PlayContext): ReturnType<Play['handlers']> =>
  callOfPlay(`${describe(play, context)}: handlers`, play.at, () => play.handlers(context))

const describe = ({ name }: Play, { host }: PlayContext): string => `play "${name}" on ${host}`
