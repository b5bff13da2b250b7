/** A scalar's value, or why it is refused. Problems never contain the scalar, which may be a password. */
export type ScalarValue = { readonly value: string | number | boolean | null } | { readonly problem: string }

/** The types that YAML 1.1 gives to plain scalars. */
export type ScalarType = 'null' | 'bool' | 'int' | 'float' | 'timestamp' | 'merge' | 'value' | 'str'

const INF_OR_NAN = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

/** The expressions of PyYAML's resolver.py, in its order; Ansible reads with it. */
const TYPES: readonly (readonly [ScalarType, RegExp])[] = [
  ['bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  ['float', INF_OR_NAN],
  ['float', /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/],
  ['float', /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/],
  ['int', /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/],
  ['merge', /^<<$/],
  ['null', /^(?:~|null|Null|NULL|)$/],
  ['timestamp', /^\d{4}-\d\d-\d\d$/],
  ['timestamp', /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/],
  ['value', /^=$/],
]

/** The type of a scalar without quotes and without a tag. Most text starts with a letter that no type starts with. */
export const typeOfPlain = (text: string): ScalarType =>
  /^[yYnNtTfFoO~\-+0-9.<=]|^$/.test(text) ? (TYPES.find(([, test]) => test.test(text))?.[0] ?? 'str') : 'str'

/** The type of an unquoted value in JSON. */
export const typeOfJson = (text: string): ScalarType =>
  text === 'null' ? 'null' : /^(?:true|false)$/.test(text) ? 'bool' : /^-?\d+$/.test(text) ? 'int' : 'float'

/** Reads a scalar as a type. Values that JavaScript would change or print differently than Python are refused. */
export function readScalar(text: string, type: ScalarType): ScalarValue {
  switch (type) {
    case 'str':
      return { value: text }
    case 'null':
      return { value: null }
    case 'bool':
      return readBoolean(text.toLowerCase())
    case 'int':
      return readInteger(text.replaceAll('_', ''))
    case 'float':
      return readFloat(text.replaceAll('_', '').toLowerCase())
    case 'timestamp':
      return readTimestamp(text)
    case 'merge':
    case 'value':
      return { problem: `"${text}" without quotes has a special meaning in YAML 1.1: quote it` }
  }
}

function readBoolean(text: string): ScalarValue {
  if (['yes', 'true', 'on'].includes(text)) return { value: true }
  return ['no', 'false', 'off'].includes(text) ? { value: false } : { problem: '!!bool needs true or false' }
}

function readInteger(text: string): ScalarValue {
  const negative = text.startsWith('-')
  const digits = text.replace(/^[-+]/, '')
  const size = magnitude(digits)
  if (size === undefined) return { problem: 'this is not a whole number: quote it to keep it as text' }
  if (size > BigInt(Number.MAX_SAFE_INTEGER))
    return { problem: 'this whole number is too large to be kept exactly: quote it to keep it as text' }
  return { value: negative && size !== 0n ? -Number(size) : Number(size) }
}

function magnitude(digits: string): bigint | undefined {
  if (/^0[bx]/.test(digits)) return digits.length === 2 ? undefined : toBigInt(digits)
  if (/^0\d/.test(digits)) return toBigInt(`0o${digits.slice(1)}`)
  const places = digits.split(':').map(toBigInt)
  return places.reduce((sum, place) => (sum === undefined || place === undefined ? undefined : sum * 60n + place), 0n)
}

function toBigInt(digits: string): bigint | undefined {
  return /^(?:0b[01]+|0x[\da-f]+|0o[0-7]+|\d+)$/i.test(digits) ? BigInt(digits) : undefined
}

function readFloat(text: string): ScalarValue {
  const negative = text.startsWith('-')
  const places = text.replace(/^[-+]/, '').split(':')
  const size = places.reduce((sum, place) => sum * 60 + Number(place), 0)
  if (INF_OR_NAN.test(text) || !Number.isFinite(size))
    return { problem: 'infinity and "not a number" are not supported: quote the value to keep it as text' }
  // Python prints 2.0 as "2.0", JavaScript as "2".
  if (Number.isInteger(size)) {
    return {
      problem:
        'this number has a decimal point but no fraction: quote it to keep it as text ("1.0"), ' +
        'or write a whole number (1)',
    }
  }
  return { value: negative ? -size : size }
}

/** A date stays text, as Python prints it. Python prints a time differently than it is written. */
function readTimestamp(text: string): ScalarValue {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return { problem: 'a date with a time is not supported: quote it' }
  const date = new Date(`${text}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && !text.startsWith('0000')
  return exists ? { value: text } : { problem: 'this date does not exist: quote it to keep it as text' }
}
