import type { z } from 'zod'
import type { Task } from '../modules/task.ts'

/** A task, named and validated as far as possible before it runs: references have no values yet. */
export interface CheckedTask {
  readonly task: Task
  /** Its own title, or the module's name and its subject. */
  readonly title: string
  /** The validated parameters; not successful if they contain references. */
  readonly parsed: z.ZodSafeParseResult<unknown>
}

/**
 * @param similar - the task in its place for another host. Most tasks are the same for all hosts: then they are
 *   validated once.
 */
export function checkTask(task: Task, similar?: CheckedTask): CheckedTask {
  const { module, params } = task
  if (similar !== undefined && isSame(task, similar.task)) return { ...similar, task }
  const parsed = validate(module.schema, params)
  const title = task.title ?? (parsed.success ? `${module.name} : ${module.title(parsed.data)}` : module.name)
  return { task, title, parsed }
}

/** Without code that is generated for the schema: a run validates few tasks of the same module. */
export const validate = <S extends z.ZodType>(schema: S, params: unknown): z.ZodSafeParseResult<z.output<S>> =>
  schema.safeParse(params, { jitless: true })

function isSame(task: Task, other: Task): boolean {
  if (task.module !== other.module || task.title !== other.title) return false
  const [own, others] = [Object.entries(task.params), other.params]
  return (
    own.length === Object.keys(others).length && own.every(([key, value]) => key in others && value === others[key])
  )
}
