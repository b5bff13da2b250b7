import type { Task } from '../modules/task.ts'
import { CallSite } from '../values/call-site.ts'
import type { Disturbs } from './disturbance.ts'
import type { Experiment } from './experiment.ts'

/** What a play may look at while it writes its tasks for one host. */
export interface PlayContext {
  /** The host's name in the inventory (`inventory_hostname`). */
  readonly host: string
  /** The host's variables: inventory, then the play's, then `--extra-vars`. */
  readonly vars: Readonly<Record<string, unknown>>
  /** What `gather_facts` found; empty without it. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** The variables of another host. */
  hostvars(host: string): Readonly<Record<string, unknown>>
  readonly check: boolean
}

export interface PlayOptions {
  /** A pattern, as Ansible's: `swarm:!node3`. */
  readonly hosts: string
  readonly become?: boolean
  readonly become_user?: string
  readonly gather_facts?: boolean
  readonly vars?: Readonly<Record<string, unknown>>
  readonly tags?: string | readonly string[]
  /** How many hosts at a time go through the whole play: a number, or a share such as `30%`. */
  readonly serial?: number | `${number}%`
  /** One failed host ends the play for all. */
  readonly any_errors_fatal?: boolean
  /**
   * Which hosts it removes data or services from, and how; for plays that do. Hosts outside Labbook's lab then need
   * permission first.
   */
  readonly disturbs?: Disturbs
}

/**
 * The inventory or the variables do not have what a playbook needs. Thrown by a play's or an experiment's own code; the
 * message is all the user sees, and the run ends with exit code 1.
 */
export class PlaybookError extends Error {
  override readonly name = 'PlaybookError'
}

/** Tasks, in any nesting: lists are flattened, so that a helper may return several. */
export type TaskList = readonly (Task | TaskList | false | undefined)[]
type TaskSource = (context: PlayContext) => TaskList
type Handlers = Readonly<Record<string, Task>>

/** Tasks for the hosts of a pattern, and handlers for what they notify. */
export interface Play extends PlayOptions {
  readonly kind: 'play'
  readonly name: string
  readonly tasks: TaskSource
  readonly handlers: (context: PlayContext) => Handlers
  /** Reads as `file:line:col` of the call in the playbook, for messages. */
  readonly at?: { toString(): string }
}

/**
 * A play as data: who, with which rights, what.
 *
 * @example
 * play('Docker Engine', { hosts: 'docker', become: true }, () => [
 *   apt({ name: ['docker.io'], update_cache: true }),
 *   template({ src: 'docker/daemon.json', dest: '/etc/docker/daemon.json', notify: 'restart docker' }),
 * ], { 'restart docker': systemd({ name: 'docker', state: 'restarted' }) })
 */
export function play(
  name: string,
  options: PlayOptions,
  tasks: TaskSource,
  handlers: Handlers | ((context: PlayContext) => Handlers) = {},
): Play {
  return {
    ...options,
    kind: 'play',
    name,
    tasks,
    handlers: typeof handlers === 'function' ? handlers : () => handlers,
    at: new CallSite(play),
  }
}

/** What a playbook is made of, in order. */
export type Step = Play | Experiment

/**
 * Takes nested task lists apart. @throws {TypeError} it is no list of tasks: the code of a playbook may not have been
 * type-checked.
 */
export function flatten(list: TaskList): Task[] {
  if (!Array.isArray(list)) throw new TypeError(`wants a list of tasks, not ${kindOf(list)}`)
  return (list as TaskList).flatMap((item) =>
    !item ? [] : typeof item === 'object' && 'module' in item ? [item] : flatten(item),
  )
}

function kindOf(value: unknown): string {
  if (value instanceof Promise) return 'a promise (its function must not be async)'
  return value === undefined
    ? 'undefined (does its function return?)'
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`
}
