import { Secret } from '../values/secret.ts'
import { fail } from './fault.ts'
import { Callable, Dict, Float, Members, Tuple, Undefined } from './values.ts'

/** What became of the secrets among the variables. */
export interface SecretUse {
  used: boolean
  /** In place of each secret; undefined: the secret itself. */
  readonly substitute: string | undefined
}

/** A variable as a value of templates: mappings are read as far as a template asks for them. */
export function fromVariable(value: unknown, name: string, secrets: SecretUse): unknown {
  if (value === undefined) return new Undefined(name)
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'function' || typeof value === 'symbol')
      return fail(`the variable "${name}" is a function, not data`)
    return value
  }
  if (value instanceof Secret) {
    secrets.used = true
    return secrets.substitute ?? value.reveal()
  }
  if (isValue(value)) return value
  if (Array.isArray(value)) return value.map((item, i) => fromVariable(item, `${name}[${i}]`, secrets))
  if (value instanceof Map) {
    const dict = new Dict()
    for (const [key, item] of value as Map<unknown, unknown>)
      dict.set(key, fromVariable(item, `${name}.${String(key)}`, secrets))
    return dict
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    return fail(
      value instanceof Date
        ? `the variable "${name}" is a date: quote it where it is defined`
        : `the variable "${name}" is of type ${(value.constructor as { name?: string }).name ?? 'object'}, not data`,
    )
  const dict = new Dict()
  for (const key of Object.keys(value))
    dict.setLazy(key, () => fromVariable((value as Record<string, unknown>)[key], `${name}.${key}`, secrets))
  return dict
}

const isValue = (value: object): boolean =>
  value instanceof Float ||
  value instanceof Tuple ||
  value instanceof Dict ||
  value instanceof Callable ||
  value instanceof Members ||
  value instanceof Undefined

/** A value of templates as plain data, for what an expression returns. */
export function toData(value: unknown): unknown {
  if (value instanceof Undefined) return fail(value.message)
  if (value instanceof Float) return value.value
  if (Array.isArray(value)) return Array.from(value as unknown[], toData)
  if (value instanceof Dict)
    return Object.fromEntries(value.entries().map(([key, item]) => [String(key), toData(item)]))
  if (value instanceof Callable || value instanceof Members) return fail('the template returns a function, not data')
  return value
}
