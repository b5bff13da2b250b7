import { CallSite } from '../values/call-site.ts'
import type { Experiment } from './experiment.ts'
import { playOptionsProblem, type PlayOptions } from './play-options.ts'
import { type Handlers, PlaybookError, type PlayContext } from './play-context.ts'
import { mergeHandlers, type RoleCall } from './role.ts'
import { flattenTasks, type TaskList } from './task-list.ts'

type TaskSource = (context: PlayContext) => TaskList

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
 * @throws {TypeError} an option has another type or is unknown, or the tasks are no function: not every playbook is
 *   type-checked.
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
  tasks: TaskSource = () => [],
  handlers: Handlers | ((context: PlayContext) => Handlers) = {},
): Play {
  const problem = playOptionsProblem(options)
  if (problem !== undefined) throw new TypeError(`play "${name}": ${problem}`)
  if (typeof tasks !== 'function')
    throw new TypeError(`play "${name}": tasks must be a function that returns a list: () => [...]`)
  const { roles = [] } = options
  const rolesOf = typeof roles === 'function' ? roles : (): readonly RoleCall[] => roles
  const ofPlay = typeof handlers === 'function' ? handlers : (): Handlers => handlers
  return {
    ...options,
    kind: 'play',
    name,
    // As in Ansible, roles run first.
    tasks: (on) => [...rolesOf(on).map((each) => each.tasks(on)), flattenTasks(tasks(on))],
    handlers: (on) => mergeHandlers(rolesOf(on), ofPlay(on), on),
    at: new CallSite(play),
  }
}

/** One entry of a playbook. */
export type PlaybookStep = Play | Experiment

export { flattenTasks, PlaybookError, type PlayContext, type TaskList }
