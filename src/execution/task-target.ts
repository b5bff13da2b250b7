import type { LimitFunction } from 'p-limit'
import type { Become } from '../connection/connection.ts'
import type { Task } from '../modules/task.ts'
import { UnknownHost } from '../playbook/playbook-errors.ts'
import type { ExecutionContext } from './execution-context.ts'
import type { RunHost } from './run-host.ts'
import type { RunOnce } from './run-once.ts'

/** Where and as what a task runs. */
export interface TaskTarget {
  /** The host it runs on: the play's host, or the `delegate_to` host. */
  readonly target: RunHost
  readonly become: Become | undefined
  /** Why it cannot run: `delegate_to` names a host that is not in the inventory. */
  readonly problem?: string
  /** Set for `run_once` tasks; shared by all hosts of the play. */
  readonly once?: RunOnce
  /** Set for handlers: the name used in `notify`. */
  readonly handler?: string
  /** Matches the task across the lists of several hosts. */
  readonly key?: string
  /** Set for tasks with `throttle`; shared by all hosts of the play. */
  readonly throttle?: LimitFunction
}

/** Where a task of a host runs, by its keywords, its play's and the inventory. */
export function targetOf(
  { state, play, host }: ExecutionContext,
  task: Task,
  extra: Pick<TaskTarget, 'once' | 'handler' | 'key' | 'throttle'> = {},
): TaskTarget {
  const { delegate_to } = task.keywords
  if (delegate_to === undefined) return { target: host, become: becomeOf(play, host, task), ...extra }
  try {
    const target = state.host(delegate_to)
    return { target, become: becomeOf(play, target, task), ...extra }
  } catch (error) {
    if (!(error instanceof UnknownHost)) throw error
    const problem = `${String(task.at)}: delegate_to: ${error.message}`
    return { target: host, become: becomeOf(play, host, task), problem, ...extra }
  }
}

function becomeOf(play: ExecutionContext['play'], target: RunHost, { keywords }: Task): Become | undefined {
  if (!(keywords.become ?? play.become ?? target.become.always)) return undefined
  const user = keywords.become_user ?? play.become_user ?? target.become.user
  const { password } = target.become
  return password === undefined ? { user } : { user, password }
}
