import type { Task } from '../modules/task.ts'
import { CallSite } from '../values/call-site.ts'
import type { Experiment } from './experiment.ts'
import { playOptionsProblem, type PlayOptions } from './play-options.ts'
import { flattenTasks, type TaskList } from './task-list.ts'

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

export { flattenTasks, type TaskList }
