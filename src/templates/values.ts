import { fail } from './fault.ts'

/** A Python float. JavaScript has one type for 1 and 1.0; a number here is an int, unless it has a fraction. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A Python tuple. What is made from one with `map` and the like is a list. */
export class Tuple extends Array<unknown> {
  static override get [Symbol.species](): typeof Array {
    return Array
  }

  static make(items: readonly unknown[]): Tuple {
    const tuple = new Tuple()
    tuple.push(...items)
    return tuple
  }
}

/** A group of `groupby`: a tuple whose parts have the names `grouper` and `list`. */
export class Group extends Tuple {}

/** A name, attribute or item that does not exist. Any use is an error, except `default` and `is defined`. */
export class Undefined {
  /** What is missing, as the template has it. */
  readonly subject: string
  /** Another sentence than "... is not defined". */
  readonly problem: string | undefined
  /** Prints as nothing between other text: `"a" if test` without an `else`. */
  readonly silent: boolean

  constructor(subject: string, problem?: string, silent = false) {
    this.subject = subject
    this.problem = problem
    this.silent = silent
  }

  get message(): string {
    return (
      this.problem ??
      `{{ ${this.subject} }} is not defined: set the variable, or write {{ ${this.subject} | default(...) }}`
    )
  }
}

/** The named arguments of a call. */
export type Named = ReadonlyMap<string, unknown>

/** A function that templates can call. */
export class Callable {
  readonly name: string
  readonly call: (args: readonly unknown[], named: Named) => unknown
  /** Takes undefined arguments: macros pass them on. */
  readonly takesUndefined: boolean
  /** Its attributes. Undefined: there is no such attribute. */
  readonly attribute: (name: string) => unknown

  constructor(
    name: string,
    call: (args: readonly unknown[], named: Named) => unknown,
    options: { readonly takesUndefined?: boolean; readonly attribute?: (name: string) => unknown } = {},
  ) {
    this.name = name
    this.call = call
    this.takesUndefined = options.takesUndefined ?? false
    this.attribute = options.attribute ?? (() => undefined)
  }
}

/** A value with attributes but no text: `loop`, `namespace()`, an imported template. */
export class Members {
  readonly kind: string
  readonly get: (name: string) => unknown
  /** For `{% set ns.x = ... %}`; without it, nothing can be assigned. */
  readonly set: ((name: string, value: unknown) => void) | undefined

  /** @param get - undefined: there is no such member. */
  constructor(kind: string, get: (name: string) => unknown, set?: (name: string, value: unknown) => void) {
    this.kind = kind
    this.get = get
    this.set = set
  }
}

/** `range(...)`: a sequence that prints as `range(0, 3)`. */
export class Range extends Array<unknown> {
  static override get [Symbol.species](): typeof Array {
    return Array
  }

  bounds: readonly number[] = []
}

/** A value that is read when it is needed. */
class Lazy {
  readonly read: () => unknown

  constructor(read: () => unknown) {
    this.read = read
  }
}

/** A Python dict: keys in the order of insertion, of any immutable type, with 1, 1.0 and True as one key. */
export class Dict {
  readonly #entries = new Map<unknown, [key: unknown, value: unknown]>()

  static from(entries: Iterable<readonly [unknown, unknown]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }

  get size(): number {
    return this.#entries.size
  }

  has(key: unknown): boolean {
    return this.#entries.has(hashOf(key))
  }

  get(key: unknown): unknown {
    const entry = this.#entries.get(hashOf(key))
    return entry === undefined ? undefined : valueOf(entry)
  }

  set(key: unknown, value: unknown): void {
    const hash = hashOf(key)
    const entry = this.#entries.get(hash)
    if (entry === undefined) this.#entries.set(hash, [key, value])
    else entry[1] = value
  }

  /** A value that `read` returns when it is first asked for. */
  setLazy(key: string, read: () => unknown): void {
    this.set(key, new Lazy(read))
  }

  delete(key: unknown): void {
    this.#entries.delete(hashOf(key))
  }

  clear(): void {
    this.#entries.clear()
  }

  keys(): unknown[] {
    return [...this.#entries.values()].map(([key]) => key)
  }

  values(): unknown[] {
    return [...this.#entries.values()].map(valueOf)
  }

  entries(): [unknown, unknown][] {
    return [...this.#entries.values()].map((entry) => [entry[0], valueOf(entry)])
  }

  copy(): Dict {
    return Dict.from(this.#entries.values())
  }
}

function valueOf(entry: [unknown, unknown]): unknown {
  if (entry[1] instanceof Lazy) entry[1] = entry[1].read()
  return entry[1]
}

/** Equal keys of a dict have the same hash; text and everything else never have. */
function hashOf(key: unknown): unknown {
  if (typeof key === 'string' || key === null) return key
  if (isNumeric(key)) {
    const number = toNumber(key)
    return typeof number === 'bigint' && Number.isSafeInteger(Number(number)) ? Number(number) : number
  }
  if (key instanceof Tuple)
    return `\0tuple(${key.map((item) => `${typeof hashOf(item)}:${String(hashOf(item))}`).join()})`
  return fail(`a ${typeName(key)} cannot be the key of a dict`)
}

export const isFloat = (value: unknown): boolean =>
  value instanceof Float || (typeof value === 'number' && !Number.isInteger(value))

export const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))

/** An int, a float, or a boolean, which Python counts as 0 or 1. */
export const isNumeric = (value: unknown): value is number | bigint | boolean | Float =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Float

/** The value of a numeric: a `bigint` only beyond the safe integers. */
export const toNumber = (value: number | bigint | boolean | Float): number | bigint =>
  value instanceof Float ? value.value : typeof value === 'boolean' ? Number(value) : value

/** An int of any size. Sizes that make no sense in a template would take the memory of the controller. */
export function toInt(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Python's name of a value's type. */
export function typeName(value: unknown): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (isFloat(value)) return 'float'
  if (isInteger(value)) return 'int'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Range) return 'range'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Dict) return 'dict'
  if (value instanceof Callable) return 'function'
  if (value instanceof Members) return value.kind
  return 'Undefined'
}

/** The characters of a text, which are code points in Python. */
export const characters = (text: string): string[] => (/^[\x00-\x7f]*$/.test(text) ? text.split('') : Array.from(text))

/** Python's truth: empty containers and texts, zero and None are false. */
export function isTrue(value: unknown): boolean {
  if (value instanceof Undefined) return fail(value.message)
  if (value === null || value === false || value === '') return false
  if (isNumeric(value)) return Number(toNumber(value)) !== 0
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Dict) return value.size > 0
  return true
}

/** The items that a loop visits: of a dict its keys, of a text its characters. */
export function iterate(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (value instanceof Dict) return value.keys()
  if (typeof value === 'string') return characters(value)
  if (value instanceof Undefined) return fail(value.message)
  return fail(`a value of type ${typeName(value)} is not iterable`)
}

/** A defined value. */
export const defined = (value: unknown): unknown => (value instanceof Undefined ? fail(value.message) : value)
