import type { Task } from '../modules/task.ts'
import { CallSite } from '../values/call-site.ts'
import type { VarDefinition, VarSet, VarValues } from './define-vars.ts'
import { type Handlers, PlaybookError, type PlayContext } from './play-context.ts'
import { flattenTasks, type TaskList } from './task-list.ts'

type Definitions = Readonly<Record<string, VarDefinition>>

/** What a role consists of. */
export interface RoleOptions<D extends Definitions> {
  readonly name: string
  /**
   * The role's directory: `import.meta.dirname`. Its `templates/` and `files/` are searched before the project's.
   */
  readonly directory: string
  /** Its variables and their defaults: those of the call, else the host's, else the default. */
  readonly vars: VarSet<D>
  readonly tasks: (vars: VarValues<D>, on: PlayContext) => TaskList
  readonly handlers?: (vars: VarValues<D>, on: PlayContext) => Handlers
}

/** A role with the variables of one call, in `roles` of a play. */
export interface RoleCall {
  readonly role: string
  readonly tasks: (on: PlayContext) => readonly Task[]
  readonly handlers: (on: PlayContext) => Handlers
  /** As in {@link Task.at}. */
  readonly at: { toString(): string }
}

/** A role: `roles: [nginx({ nginx_port: 80 })]`. */
export type Role<D extends Definitions> = (vars?: Partial<VarValues<D>>) => RoleCall

/**
 * Defines a role: tasks and handlers to use in several plays, with typed variables, and templates beside it.
 *
 * @example
 * export const nginx = role({
 *   name: 'nginx',
 *   directory: import.meta.dirname,
 *   vars: defineVars('nginx', {
 *     nginx_port: { schema: varTypes.integer(1, 65535), default: 80, description: 'port of the site' },
 *   }),
 *   tasks: (vars) => [template({ src: 'site.conf.j2', dest: '/etc/nginx/site.conf', vars, notify: 'reload nginx' })],
 *   handlers: () => ({ 'reload nginx': systemd({ name: 'nginx', state: 'reloaded' }) }),
 * })
 */
export function role<const D extends Definitions>(options: RoleOptions<D>): Role<D> {
  const { name, directory, vars, tasks, handlers = () => ({}) } = options
  const call: Role<D> = (given = {}) => {
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(vars.definitions, key))
    if (unknown !== undefined) throw new TypeError(`role "${name}" has no variable ${unknown}`)
    const valuesOn = (on: PlayContext): VarValues<D> => vars.read(on.varsWith(given), on.host)
    const withDirectory = (task: Task): Task => ({ ...task, directory: task.directory ?? directory })
    return {
      role: name,
      tasks: (on) => flattenTasks(tasks(valuesOn(on), on)).map(withDirectory),
      handlers: (on) =>
        Object.fromEntries(
          Object.entries<Task>(handlers(valuesOn(on), on)).map(([handler, task]) => [handler, withDirectory(task)]),
        ),
      at: new CallSite(call),
    }
  }
  return call
}

/**
 * The handlers of roles and of their play. A play's handler replaces a role's of the same name, as in Ansible.
 *
 * @throws {PlaybookError} two roles have a handler of the same name: Ansible would run the last one for both.
 */
export function mergeHandlers(roles: readonly RoleCall[], ofPlay: Handlers, on: PlayContext): Handlers {
  const merged: Record<string, Task> = {}
  const owners = new Map<string, string>()
  for (const call of roles) {
    for (const [name, handler] of Object.entries(call.handlers(on))) {
      const owner = owners.get(name)
      // One role may be called twice.
      if (owner !== undefined && owner !== call.role && !Object.hasOwn(ofPlay, name))
        throw new PlaybookError(
          `${String(call.at)}: roles "${owner}" and "${call.role}" both have a handler "${name}": rename one of them`,
        )
      owners.set(name, call.role)
      merged[name] = handler
    }
  }
  return { ...merged, ...ofPlay }
}
