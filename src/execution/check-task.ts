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

export function checkTask(task: Task): CheckedTask {
  const { module, params } = task
  const parsed = module.schema.safeParse(params)
  const title = task.title ?? (parsed.success ? `${module.name} : ${module.title(parsed.data)}` : module.name)
  return { task, title, parsed }
}
