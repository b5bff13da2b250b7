import type { Become } from '../connection/connection.ts'
import type { Task } from '../modules/task.ts'
import type { RunHost } from './run-host.ts'
import { UnknownHost } from '../playbook/playbook-errors.ts'
import type { RunOnce } from './run-once.ts'
import type { Play } from '../playbook/play.ts'
import type { RunState } from './run-state.ts'

const DEFAULT_TIME_LIMIT_SECONDS = 600

/** A task of a host's list, resolved for execution. */
export interface Entry {
  readonly task: Task
  /** The host it runs on: the play's host, or the `delegate_to` host. */
  readonly target: RunHost
  readonly become: Become | undefined
  /** Why it cannot run: `delegate_to` names a host that is not in the inventory. */
  readonly problem?: string
  /** Set for `run_once` tasks; shared by all hosts of the play. */
  readonly once?: RunOnce
  /** Set for handlers: the name used in `notify`. */
  readonly handler?: string
}

export function makeEntry(
  state: RunState,
  play: Play,
  host: RunHost,
  task: Task,
  extra: Pick<Entry, 'once' | 'handler'> = {},
): Entry {
  const { delegate_to } = task.keywords
  const { target, problem } = delegate_to === undefined ? { target: host } : delegateOf(state, host, task, delegate_to)
  return { task, target, become: becomeOf(play, target, task), ...(problem === undefined ? {} : { problem }), ...extra }
}

function delegateOf(
  state: RunState,
  host: RunHost,
  task: Task,
  name: string,
): { readonly target: RunHost; readonly problem?: string } {
  try {
    return { target: state.host(name) }
  } catch (error) {
    if (!(error instanceof UnknownHost)) throw error
    return { target: host, problem: `${String(task.at)}: delegate_to: ${error.message}` }
  }
}

function becomeOf(play: Play, target: RunHost, { keywords }: Task): Become | undefined {
  if (!(keywords.become ?? play.become ?? target.become.always)) return undefined
  const user = keywords.become_user ?? play.become_user ?? target.become.user
  const { password } = target.become
  return password === undefined ? { user } : { user, password }
}

/** The names of the handlers it notifies. */
export const notifies = ({
  task: {
    keywords: { notify },
  },
}: Entry): readonly string[] => (notify === undefined ? [] : typeof notify === 'string' ? [notify] : notify)

/** Whether scripts of both entries can share one shell. */
export const sameShell = (a: Entry, b: Entry): boolean => a.target === b.target && a.become?.user === b.become?.user

export function timeLimitOf({ task }: Entry, params: unknown): number {
  return task.keywords.timeout ?? task.module.timeLimitSeconds?.(params) ?? DEFAULT_TIME_LIMIT_SECONDS
}

/** Exports the task's `environment` before a script. */
export function withEnvironment({ task }: Entry, script: string, quote: (word: string) => string): string {
  const pairs = Object.entries(task.keywords.environment ?? {})
  if (pairs.length === 0) return script
  return `${pairs.map(([name, value]) => `export ${name}=${quote(value)}`).join('\n')}\n${script}`
}
