import { fail } from './fault.ts'
import {
  Callable,
  characters,
  Dict,
  Float,
  isFloat,
  isInteger,
  Range,
  toNumber,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

/** `str()`: how a value prints as part of another text. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Undefined) return fail(value.message)
  return toRepr(value)
}

/** How Ansible prints the value of `{{ }}`: as `str()`, with tuples as lists. */
export const printed = (value: unknown): string => (typeof value === 'string' ? value : toRepr(value, true))

/** `repr()`: how a value prints inside of a list or a dict. */
export function toRepr(value: unknown, tuplesAsLists = false): string {
  const inner = (item: unknown): string => toRepr(item, tuplesAsLists)
  if (typeof value === 'string') return quoted(value)
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (isFloat(value)) return floatText(Number(toNumber(value as Float)))
  if (isInteger(value)) return String(value)
  if (value instanceof Range)
    return tuplesAsLists
      ? fail('a range cannot be printed: use the filter "list"')
      : `range(${value.bounds.join(', ')})`
  if (value instanceof Tuple && !tuplesAsLists)
    return `(${value.map(inner).join(', ')}${value.length === 1 ? ',' : ''})`
  if (Array.isArray(value)) return `[${[...(value as unknown[])].map(inner).join(', ')}]`
  if (value instanceof Dict)
    return `{${value
      .entries()
      .map(([key, item]) => `${inner(key)}: ${inner(item)}`)
      .join(', ')}}`
  if (value instanceof Undefined) return fail(value.message)
  if (value instanceof Callable) return fail(`"${value.name}" is a function: call it with ()`)
  return fail(`a value of type ${typeName(value)} cannot be printed`)
}

/** Python's `repr` of a float: always with a point or an exponent. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const size = Math.abs(value)
  if (value !== 0 && (size >= 1e16 || size < 1e-4)) return pythonExponent(value.toExponential())
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** `1e+5` -> `1e+05`. */
export const pythonExponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2')

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

/** A text in quotes, as Python prints it. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let inside = ''
  for (const character of characters(text)) {
    const code = character.codePointAt(0) as number
    if (character === quote) inside += `\\${quote}`
    else if (NAMED[character] !== undefined) inside += NAMED[character]
    else if (code >= 0x20 && code < 0x7f) inside += character
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) inside += character
    else if (code < 0x100) inside += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code < 0x10000) inside += `\\u${code.toString(16).padStart(4, '0')}`
    else inside += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `${quote}${inside}${quote}`
}
