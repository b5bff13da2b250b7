import type { z } from 'zod'
import type { Inputs } from '../modules/module.ts'
import type { Task } from '../modules/task.ts'
import { callTaskFunction } from '../playbook/playbook-errors.ts'
import type { Probe } from '../shell/batch.ts'
import { MASK } from '../values/secret.ts'
import { resolveDeep, type Scope } from '../values/reference.ts'
import { type CheckedTask, validate } from './check-task.ts'
import { hasEnvironment, withEnvironment } from './environment.ts'
import type { InputReader } from './inputs.ts'

/** A task with resolved parameters, ready to probe and plan. */
export interface PreparedTask {
  readonly params: unknown
  readonly inputs: Inputs
  /** Resource keys of the controller from which `inputs` were read. */
  readonly inputKeys: readonly string[]
  readonly probe: Probe
}

/** Parameters that the module rejects. */
export class BadParameters extends Error {
  override readonly name = 'BadParameters'
}

/**
 * The parameters without references: the identical object if there are none. `map()` callbacks of references are code
 * of the playbook.
 * @throws {UnresolvedReference | ConditionError}
 */
export const resolveParams = ({ params, at }: Task, scope: Scope): object =>
  callTaskFunction('registered value', at, () => resolveDeep(params, scope) as object)

/** Whether a text has the mask of a secret: it would be written to a host in place of the secret. */
function hasMask(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(MASK)
  if (Array.isArray(value)) return value.some(hasMask)
  const isData = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isData && Object.values(value).some(hasMask)
}

/** The validated parameters. @throws {BadParameters} */
export function checkedParams({ task, parsed: early }: CheckedTask, resolved: object): unknown {
  const { module, params, at } = task
  if (hasMask(resolved)) throw new BadParameters(`${String(at)}: ${module.name}: ${MASKED}`)
  const parsed = resolved === params ? early : validate(module.schema, resolved)
  if (!parsed.success) throw new BadParameters(`${String(at)}: ${module.name}: ${explain(parsed.error)}`)
  return parsed.data
}

/** Validates resolved parameters, reads input files and composes the probe. @throws {BadParameters | MissingInput} */
export async function prepareTask(
  checked: CheckedTask,
  resolved: object,
  reader: InputReader,
  host: string,
): Promise<PreparedTask> {
  const { module, keywords, directory } = checked.task
  const params = checkedParams(checked, resolved)
  const saved = module.controllerFile?.(params, host)
  const read = await reader.readAll(module, params, directory)
  const inputs = {
    ...read,
    ...(saved !== undefined && (await reader.controllerFile(saved))),
  }
  const text = module.probe(params, inputs)
  // A probe with an environment needs a subshell, and collects its facts itself.
  const probe: Probe = hasEnvironment(keywords)
    ? { text: withEnvironment(keywords, text), factQueries: [], sideEffectFree: false }
    : { text, factQueries: module.batchedFacts?.(params, inputs) ?? [], sideEffectFree: module.sideEffectFree === true }
  return { params, inputs, inputKeys: reader.keysOf(module, params, read, directory), probe }
}

const MASKED =
  `a text contains "${MASK}", which is how a secret prints: read the variable with defineVars, use it in a template, ` +
  'or pass the secret itself'

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ')
