import type { Task } from '../modules/task.ts'
import { callPlayFunction } from './playbook-errors.ts'
import { flattenTasks, type Play, type PlayContext } from './play.ts'

/**
 * The tasks of a play for a host. @throws {PlaybookError} the play's function throws; names play, host and location.
 */
export const tasksOf = (play: Play, context: PlayContext): Task[] =>
  callPlayFunction(describe(play, context), play.at, () => flattenTasks(play.tasks(context)))

/** The handlers of a play for a host. @throws {PlaybookError} as {@link tasksOf}. */
export const handlersOf = (play: Play, context: PlayContext): ReturnType<Play['handlers']> =>
  callPlayFunction(`${describe(play, context)}: handlers`, play.at, () => play.handlers(context))

const describe = ({ name }: Play, { host }: PlayContext): string => `play "${name}" on ${host}`
