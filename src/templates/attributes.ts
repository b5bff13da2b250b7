import { fail } from './fault.ts'
import { dictMethods } from './methods-dict.ts'
import { listMethods, tupleMethods } from './methods-list.ts'
import { numberMethods } from './methods-number.ts'
import { stringMethods } from './methods-string.ts'
import { bind, type Plugin } from './arguments.ts'
import {
  Callable,
  characters,
  defined,
  Dict,
  Group,
  isInteger,
  isNumeric,
  Members,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

type Methods = Readonly<Record<string, Plugin>>

function methodsOf(object: unknown): Methods | undefined {
  if (typeof object === 'string') return stringMethods
  if (object instanceof Dict) return dictMethods
  if (object instanceof Tuple) return tupleMethods
  if (Array.isArray(object)) return listMethods
  return isNumeric(object) ? numberMethods : undefined
}

/** A method of Python's type, bound to its object. */
function method(object: unknown, name: string): Callable | undefined {
  const methods = methodsOf(object)
  const found = methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined
  return found === undefined ? undefined : boundMethod(object, name, found)
}

const boundMethod = (object: unknown, name: string, found: Plugin): Callable =>
  new Callable(`${typeName(object)}.${name}`, (args, named) => {
    const { values, rest, named: others } = bind(name, found, args, named)
    return found.run(object, values, { rest, named: others, host: NO_HOST })
  })

const NO_HOST = {
  filter: () => fail('a method has no filters'),
  test: () => fail('a method has no tests'),
  hasFilter: () => false,
  hasTest: () => false,
}

/** `object.name`: a method of the type, else an item. */
export function attribute(object: unknown, name: string, subject: string): unknown {
  if (object instanceof Undefined) return chained(object)
  if (object instanceof Members || object instanceof Callable) {
    const value = object instanceof Members ? object.get(name) : object.attribute(name)
    return value === undefined ? new Undefined(subject) : value
  }
  if (object instanceof Group && (name === 'grouper' || name === 'list')) return object[name === 'list' ? 1 : 0]
  if (name.startsWith('__')) return fail(`access to "${name}" is not allowed`)
  const found = method(object, name)
  if (found !== undefined) return found
  if (object instanceof Dict) return object.has(name) ? object.get(name) : new Undefined(subject)
  return new Undefined(subject, object === null ? undefined : noAttribute(object, name, subject))
}

/** What JavaScript has, and Jinja2 has not, is the likely mistake. */
const noAttribute = (object: unknown, name: string, subject: string): string =>
  `{{ ${subject} }} is not defined: a ${typeName(object)} has no "${name}"${
    name === 'length' ? ', use the filter "length"' : ''
  }`

/** `object[key]`. */
export function item(object: unknown, key: unknown, subject: string): unknown {
  defined(key)
  if (object instanceof Undefined) return chained(object)
  if (object instanceof Dict && object.has(key)) return object.get(key)
  if ((Array.isArray(object) || typeof object === 'string') && (isInteger(key) || typeof key === 'boolean')) {
    const items: readonly unknown[] = typeof object === 'string' ? characters(object) : object
    const index = Number(key)
    const at = index < 0 ? index + items.length : index
    return at >= 0 && at < items.length ? items[at] : new Undefined(subject)
  }
  if (typeof key === 'string' && (object instanceof Members || method(object, key) !== undefined))
    return attribute(object, key, subject)
  return new Undefined(subject)
}

/** A member of something undefined: what is missing is the first of them. */
const chained = (object: Undefined): Undefined => object
