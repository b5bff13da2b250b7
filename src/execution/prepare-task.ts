import { z } from 'zod'
import type { Inputs, ModuleDefinition } from '../modules/module.ts'
import type { Conditions, Task } from '../modules/task.ts'
import type { Probe } from '../shell/batch.ts'
import { resolveDeep, type Scope } from '../values/reference.ts'
import type { InputReader } from './inputs.ts'
import { callTaskFunction } from '../playbook/playbook-errors.ts'

/** A task with resolved parameters, ready to probe and plan. */
export interface PreparedTask {
  readonly params: unknown
  readonly inputs: Inputs
  readonly probe: Probe
}

/** Parameters that the module rejects. */
export class BadParameters extends Error {
  override readonly name = 'BadParameters'
}

const titles = new WeakMap<Task, string>()

/** The display name of a task: its own title, or the module's name and its subject. */
export function titleOf(task: Task): string {
  const title = titles.get(task) ?? task.title ?? madeTitle(task)
  titles.set(task, title)
  return title
}

function madeTitle({ module, params }: Task): string {
  const { data } = parse(module, params)
  return data === undefined ? module.name : `${module.name} : ${module.title(data)}`
}

const parses = new WeakMap<object, z.ZodSafeParseResult<unknown>>()

/** Caches validation results: parameters are needed for titles, prefetching and execution. */
function parse(module: ModuleDefinition, params: object): z.ZodSafeParseResult<unknown> {
  const parsed = parses.get(params) ?? module.schema.safeParse(params)
  parses.set(params, parsed)
  return parsed
}

export const conditions = (host: string, vars: Readonly<Record<string, unknown>>, scope: Scope): Conditions => ({
  host,
  vars,
  value: (reference) => reference.read(scope),
})

/** Evaluates `when`. @throws {Unresolved | ConditionError} it uses a value that does not exist yet, or throws. */
export const isConditionMet = ({ keywords: { when = true }, at }: Task, on: Conditions): boolean =>
  typeof when === 'function' ? callTaskFunction('when', at, () => when(on)) : when

/** Cached by reader and parameters: a task is prepared for prefetching, for batching and for execution. */
const preparations = new WeakMap<InputReader, WeakMap<object, PreparedTask>>()

/**
 * Resolves references, validates parameters, reads input files and composes the probe.
 * @throws {Unresolved | ConditionError | BadParameters | MissingInput}
 */
export async function prepare(task: Task, scope: Scope, reader: InputReader): Promise<PreparedTask> {
  const resolved = resolve(task, scope)
  const known = preparations.get(reader) ?? new WeakMap<object, PreparedTask>()
  preparations.set(reader, known)
  const prepared = known.get(resolved) ?? (await prepareAgain(task, resolved, reader))
  known.set(resolved, prepared)
  return prepared
}

/** `map()` callbacks of references are code of the playbook. */
const resolve = ({ params, at }: Task, scope: Scope): object =>
  callTaskFunction('registered value', at, () => resolveDeep(params, scope) as object)

/** Only the parameters of a task. @throws {Unresolved | ConditionError | BadParameters} */
export const paramsOf = (task: Task, scope: Scope): unknown => checked(task, resolve(task, scope))

function checked({ module, at }: Task, resolved: object): unknown {
  const parsed = parse(module, resolved)
  if (!parsed.success) throw new BadParameters(`${String(at)}: ${module.name}: ${explain(parsed.error)}`)
  return parsed.data
}

async function prepareAgain(task: Task, resolved: object, reader: InputReader): Promise<PreparedTask> {
  const { module } = task
  const params = checked(task, resolved)
  const inputs = await reader.read(module.inputs?.(params) ?? {})
  const text = module.probe(params, inputs)
  const probe: Probe = {
    text,
    factQueries: module.batchedFacts?.(params, inputs) ?? [],
    sideEffectFree: module.sideEffectFree === true,
  }
  return { params, inputs, probe }
}

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ')
