/* Values of INI inventories are what Python's `ast.literal_eval` reads, and text if it reads nothing. */

import {
  Complex,
  NotLiteral,
  parseLiteral,
  PythonBytes,
  PythonDict,
  PythonSet,
  Unsupported,
} from './parse-python-literal.ts'

/** A value, text that is no literal, or why the value is refused. Problems never contain the value. */
export type LiteralValue = { readonly value: unknown } | { readonly problem: string }

/**
 * Reads a text as Ansible reads the value of a variable in an INI inventory: numbers, texts in quotes, lists, tuples,
 * sets, dicts, `True`, `False` and `None` of Python; all else is the text itself.
 */
export function readLiteral(text: string): LiteralValue {
  if (/^[A-Za-z/.~]/.test(text) && !/^(?:True|False|None|set|[bBuUrR]{1,2}['"]|\.)/.test(text)) return { value: text }
  try {
    return { value: toData(parseLiteral(text)) }
  } catch (error) {
    if (error instanceof NotLiteral) return { value: text }
    if (error instanceof Unsupported) return { problem: error.message }
    throw error
  }
}

function toData(value: unknown): unknown {
  if (value instanceof PythonSet) {
    if (value.items.length > 1) throw new Unsupported('a Python set has no order: write a list, as in ["a", "b"]')
    return value.items.map(toData)
  }
  if (value instanceof PythonDict) return toMapping(value)
  if (value instanceof PythonBytes) return value.bytes.toString('utf8')
  if (value instanceof Complex) return value.text
  return Array.isArray(value) ? Array.from(value as unknown[], toData) : value
}

function toMapping({ entries }: PythonDict): Record<string, unknown> {
  const data = new Map<string, unknown>()
  for (const [key, value] of entries) {
    if (typeof key !== 'string' && !(typeof key === 'number' && Number.isInteger(key)))
      throw new Unsupported('a key of this dict is neither text nor a whole number: quote it')
    if (key === '__proto__') throw new Unsupported('the key "__proto__" is not supported: rename it')
    data.set(String(key), toData(value))
  }
  const mapping = Object.fromEntries(data)
  // Objects list whole numbers first, which would change the order of loops.
  const listed = Object.keys(mapping)
  if ([...data.keys()].some((key, i) => key !== listed[i]))
    throw new Unsupported('keys that are whole numbers must come first, in ascending order')
  return mapping
}
