import type { Task } from '../modules/task.ts'
import { CallSite } from '../values/call-site.ts'
import { tasksOfBlock, type Block } from './block.ts'
import type { Experiment } from './experiment.ts'
import { playOptionsProblem, type PlayOptions } from './play-options.ts'

/** Read-only data that a play uses to build the task list of one host. */
export interface PlayContext {
  /** The host's name in the inventory (`inventory_hostname`). */
  readonly host: string
  /** The host's variables: inventory, then the play's, then `--extra-vars`. */
  readonly vars: Readonly<Record<string, unknown>>
  /** Facts collected by `gather_facts`; empty without it. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Variables of another host. */
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
  readonly check: boolean
}

/**
 * The inventory or the variables lack what a playbook needs. Thrown by code of a play or an experiment. The user sees
 * only the message; the run ends with exit code 1.
 */
export class PlaybookError extends Error {
  override readonly name = 'PlaybookError'
}

/** Tasks and blocks, nested to any depth. Lists are flattened, so a helper may return several tasks. */
export type TaskList = readonly (Task | Block | TaskList | false | undefined)[]
type TaskSource = (context: PlayContext) => TaskList
type Handlers = Readonly<Record<string, Task>>

/** Tasks for the hosts that match a pattern, and the handlers they notify. */
export interface Play extends PlayOptions {
  readonly kind: 'play'
  readonly name: string
  readonly tasks: TaskSource
  readonly handlers: (context: PlayContext) => Handlers
  /** Prints as `file:line:col` of the call in the playbook. Used in error messages. */
  readonly at?: { toString(): string }
}

/**
 * Defines a play.
 *
 * @throws {TypeError} an option has another type, or is unknown: not every playbook is type-checked.
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
  const problem = playOptionsProblem(options)
  if (problem !== undefined) throw new TypeError(`play "${name}": ${problem}`)
  return {
    ...options,
    kind: 'play',
    name,
    tasks,
    handlers: typeof handlers === 'function' ? handlers : () => handlers,
    at: new CallSite(play),
  }
}

/** One entry of a playbook. */
export type PlaybookStep = Play | Experiment

/**
 * Flattens nested task lists and blocks. The tasks of a block know their place in it, and have its keywords.
 * @throws {TypeError} not a list of tasks, as playbooks are not necessarily type-checked.
 */
export function flattenTasks(list: TaskList): Task[] {
  if (!Array.isArray(list)) throw new TypeError(`expected a list of tasks, got ${kindOf(list)}`)
  return (list as TaskList).flatMap((item) => {
    if (!item) return []
    if (typeof item === 'object' && 'module' in item) return [item]
    return typeof item === 'object' && 'block' in item ? tasksOfBlock(item, flattenTasks) : flattenTasks(item)
  })
}

function kindOf(value: unknown): string {
  if (value instanceof Promise) return 'a promise (its function must not be async)'
  return value === undefined
    ? 'undefined (does its function return?)'
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`
}
