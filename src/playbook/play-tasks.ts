import type { Task } from '../modules/task.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import { callPlayFunction } from './playbook-errors.ts'
import { flattenTasks, PlaybookError, type Play, type PlayContext } from './play.ts'

/**
 * The tasks of a play for a host. @throws {PlaybookError} the play's function throws; names play, host and location.
 */
export const tasksOf = (play: Play, context: PlayContext): Task[] =>
  callPlayFunction(describe(play, context), play.at, () => flattenTasks(play.tasks(context)))

/** The handlers of a play for a host. @throws {PlaybookError} as {@link tasksOf}. */
export const handlersOf = (play: Play, context: PlayContext): ReturnType<Play['handlers']> =>
  callPlayFunction(`${describe(play, context)}: handlers`, play.at, () => play.handlers(context))

const describe = ({ name }: Play, { host }: PlayContext): string => `play "${name}" on ${host}`

/** @throws {PlaybookError} a task notifies a handler that the play does not have; names the task's location. */
export function checkNotify({ name }: Play, tasks: readonly Task[], handlers: readonly string[]): void {
  for (const { keywords, at } of tasks) {
    const { notify = [] } = keywords
    for (const notified of typeof notify === 'string' ? [notify] : notify) {
      if (handlers.includes(notified)) continue
      const hint = didYouMean(nearest(notified, handlers)) ?? (handlers.length === 0 ? 'it has no handlers' : undefined)
      throw new PlaybookError(
        `${String(at)}: notify: play "${name}" has no handler "${notified}"${hint === undefined ? '' : `: ${hint}`}`,
      )
    }
  }
}
