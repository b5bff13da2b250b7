import { z } from 'zod'
import type { Inputs, ModuleDefinition } from '../modules/module.ts'
import type { Conditions, Task } from '../modules/task.ts'
import type { Probe } from '../shell/batch.ts'
import { resolveDeep, type Scope } from '../values/reference.ts'
import type { InputReader } from './inputs.ts'
import { callOfTask } from './mistake.ts'

/** A task whose parameters are known: ready to be probed and planned. */
export interface Prepared {
  readonly params: unknown
  readonly inputs: Inputs
  readonly probe: Probe
}

/** Parameters that the module does not take. */
export class BadParameters extends Error {
  override readonly name = 'BadParameters'
}

const titles = new WeakMap<Task, string>()

/** How a task is called: its own title, or the module's name and what it is about. */
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

/** Parameters are asked for when a task is named, looked ahead at and run; they are checked once. */
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

/**
 * Does `when` hold? @throws {Unresolved | ConditionError} when it looks at a value that is not there yet, or has a
 * mistake.
 */
export const wanted = ({ keywords: { when = true }, at }: Task, on: Conditions): boolean =>
  typeof when === 'function' ? callOfTask('when', at, () => when(on)) : when

/**
 * By the run's reader and the parameters: a task is prepared when it is looked ahead at, changed together with others,
 * and run.
 */
const preparations = new WeakMap<InputReader, WeakMap<object, Prepared>>()

/**
 * Resolves the references, checks the parameters, reads the files and writes the probe.
 * @throws {Unresolved | ConditionError | BadParameters | MissingInput}
 */
export async function prepare(task: Task, scope: Scope, reader: InputReader): Promise<Prepared> {
  const resolved = resolve(task, scope)
  const known = preparations.get(reader) ?? new WeakMap<object, Prepared>()
  preparations.set(reader, known)
  const prepared = known.get(resolved) ?? (await prepareAnew(task, resolved, reader))
  known.set(resolved, prepared)
  return prepared
}

/** What references are mapped to is the playbook's own code. */
const resolve = ({ params, at }: Task, scope: Scope): object =>
  callOfTask('a value of an earlier task', at, () => resolveDeep(params, scope) as object)

/** A task's parameters alone. @throws {Unresolved | ConditionError | BadParameters} */
export const paramsOf = (task: Task, scope: Scope): unknown => checked(task, resolve(task, scope))

function checked({ module, at }: Task, resolved: object): unknown {
  const parsed = parse(module, resolved)
  if (!parsed.success) throw new BadParameters(`${at}: ${module.name}: ${explain(parsed.error)}`)
  return parsed.data
}

async function prepareAnew(task: Task, resolved: object, reader: InputReader): Promise<Prepared> {
  const { module } = task
  const params = checked(task, resolved)
  const inputs = await reader.read(module.inputs?.(params) ?? {})
  const text = module.probe(params, inputs)
  const probe = { text, shares: module.shares?.(params, inputs) ?? [], contained: module.contained === true }
  return { params, inputs, probe }
}

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ')
