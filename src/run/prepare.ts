import { z } from 'zod'
import type { Inputs } from '../modules/module.ts'
import type { Conditions, Task } from '../modules/task.ts'
import { resolveDeep, type Scope } from '../values/reference.ts'
import type { InputReader } from './inputs.ts'

/** A task whose parameters are known: ready to be probed and planned. */
export interface Prepared {
  readonly params: unknown
  readonly inputs: Inputs
  readonly probe: string
}

/** Parameters that the module does not take. */
export class BadParameters extends Error {
  override readonly name = 'BadParameters'
}

/** How a task is called: its own title, or the module's name and what it is about. */
export function titleOf(task: Task, params?: unknown): string {
  if (task.title !== undefined) return task.title
  const known = params ?? task.module.schema.safeParse(task.params).data
  return known === undefined ? task.module.name : `${task.module.name} : ${task.module.title(known)}`
}

export const conditions = (host: string, vars: Readonly<Record<string, unknown>>, scope: Scope): Conditions => ({
  host,
  vars,
  value: (reference) => reference.read(scope),
})

/** Does `when` hold? @throws {Unresolved} when it looks at a value that is not there yet. */
export const wanted = ({ keywords: { when = true } }: Task, on: Conditions): boolean =>
  typeof when === 'function' ? when(on) : when

/**
 * Resolves the references, checks the parameters, reads the files and writes the probe.
 * @throws {Unresolved | BadParameters | MissingInput}
 */
export async function prepare(task: Task, scope: Scope, reader: InputReader): Promise<Prepared> {
  const { module } = task
  const parsed = module.schema.safeParse(resolveDeep(task.params, scope))
  if (!parsed.success) throw new BadParameters(`${task.at}: ${module.name}: ${explain(parsed.error)}`)
  const params = parsed.data
  const inputs = await reader.read(module.inputs?.(params) ?? {})
  return { params, inputs, probe: module.probe(params, inputs) }
}

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ')
