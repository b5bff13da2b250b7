import type { Become } from '../connection/connection.ts'
import type { Task } from '../modules/task.ts'
import type { RunHost } from './host.ts'
import { UnknownHost } from './mistake.ts'
import type { Once } from './once.ts'
import type { Play } from './play.ts'
import type { RunState } from './state.ts'

const DEFAULT_TIME_LIMIT_SECONDS = 600

/** A task in a host's list, with what it needs to run there. */
export interface Entry {
  readonly task: Task
  /** Where it runs: the host itself, or the one it is delegated to. */
  readonly target: RunHost
  readonly become: Become | undefined
  /** Why it cannot run: it is delegated to a host that is not in the inventory. */
  readonly problem?: string
  /** Set on `run_once` tasks; shared by all hosts of the play. */
  readonly once?: Once
  /** Set on handlers: the name they were notified by. */
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
    return { target: host, problem: `${task.at}: delegate_to: ${error.message}` }
  }
}

function becomeOf(play: Play, target: RunHost, { keywords }: Task): Become | undefined {
  if (!(keywords.become ?? play.become ?? target.become.always)) return undefined
  const user = keywords.become_user ?? play.become_user ?? target.become.user
  const { password } = target.become
  return password === undefined ? { user } : { user, password }
}

/** The handlers it notifies. */
export const notifies = ({
  task: {
    keywords: { notify },
  },
}: Entry): readonly string[] => (notify === undefined ? [] : typeof notify === 'string' ? [notify] : notify)

/** May the probes of both go in one script? */
export const sameShell = (a: Entry, b: Entry): boolean => a.target === b.target && a.become?.user === b.become?.user

export function timeLimitOf({ task }: Entry, params: unknown): number {
  return task.keywords.timeout ?? task.module.timeLimitSeconds?.(params) ?? DEFAULT_TIME_LIMIT_SECONDS
}

/** Puts the task's `environment` before a script. */
export function withEnvironment({ task }: Entry, script: string, quote: (word: string) => string): string {
  const pairs = Object.entries(task.keywords.environment ?? {})
  if (pairs.length === 0) return script
  return `${pairs.map(([name, value]) => `export ${name}=${quote(value)}`).join('\n')}\n${script}`
}
