import { asInt, asNumber, asText, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { formatFixed } from '../format-number.ts'
import { toText } from '../text.ts'
import { Float, isFloat, isInteger, isNumeric, isTrue, toInt, toNumber, typeName } from '../values.ts'

/** Python's `int(text, base)`: undefined for what is no int. */
function parseInteger(text: string, base: number): number | bigint | undefined {
  const [, sign = '', body = ''] = /^\s*([-+]?)(.*?)\s*$/s.exec(text) ?? []
  const prefixes: Readonly<Record<number, RegExp>> = { 16: /^0x_?/i, 8: /^0o_?/i, 2: /^0b_?/i }
  let radix = base
  let digits = body
  for (const [of, prefix] of Object.entries(prefixes)) {
    if ((base === 0 || base === Number(of)) && prefix.test(body)) {
      radix = Number(of)
      digits = body.replace(prefix, '')
    }
  }
  if (radix === 0) {
    if (/^0\d/.test(digits)) return undefined
    radix = 10
  }
  if (!/^[\da-z]+(?:_[\da-z]+)*$/i.test(digits)) return undefined
  let value = 0n
  for (const character of digits.replaceAll('_', '').toLowerCase()) {
    const digit = Number.parseInt(character, 36)
    if (digit >= radix) return undefined
    value = value * BigInt(radix) + BigInt(digit)
  }
  return toInt(sign === '-' ? -value : value)
}

/** Python's `float(text)`: undefined for what is no number. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim().replace(/(?<=\d)_(?=\d)/g, '')
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(trimmed)
  if (special !== null)
    return /nan/i.test(special[2] as string)
      ? Number.NaN
      : special[1] === '-'
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined
}

const truncated = (value: number): number | bigint | undefined =>
  Number.isFinite(value) ? toInt(BigInt(Math.trunc(value))) : undefined

function toInteger(value: unknown, otherwise: unknown, base: number): unknown {
  if (isNumeric(value)) {
    const number = toNumber(value)
    return typeof number === 'bigint' ? number : (truncated(number) ?? otherwise)
  }
  if (typeof value !== 'string') return otherwise
  const whole = parseInteger(value, base)
  if (whole !== undefined) return whole
  const float = parseFloatText(value)
  return float === undefined ? otherwise : (truncated(float) ?? otherwise)
}

function toFloat(value: unknown, otherwise: unknown): unknown {
  const number = isNumeric(value)
    ? Number(toNumber(value))
    : typeof value === 'string'
      ? parseFloatText(value)
      : undefined
  return number === undefined ? otherwise : new Float(number)
}

function round(value: unknown, [precision, method]: readonly unknown[]): unknown {
  const digits = asInt(precision, 'precision')
  const number = asNumber(value, 'the input of "round"')
  if (!['common', 'ceil', 'floor'].includes(method as string)) fail('"round" needs the method common, ceil or floor')
  if (method === 'common') {
    if (isInteger(value)) return digits >= 0 ? value : new Float(number).value === 0 ? 0 : roundInteger(number, digits)
    if (digits < 0) return new Float(Math.round(number / 10 ** -digits) * 10 ** -digits)
    return new Float(Number(formatFixed(number, digits)))
  }
  const scaled = number * 10 ** digits
  return new Float((method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) / 10 ** digits)
}

function roundInteger(number: number, digits: number): number {
  const unit = 10 ** -digits
  const quotient = Math.floor(number / unit)
  const rest = number - quotient * unit
  const up = rest * 2 > unit || (rest * 2 === unit && quotient % 2 !== 0)
  return (quotient + (up ? 1 : 0)) * unit
}

/** Ansible's `bool`: what is not true is false, without an error. */
export const toBool = (value: unknown): boolean =>
  typeof value === 'boolean'
    ? value
    : typeof value === 'string'
      ? ['yes', 'on', 'true', '1'].includes(value.toLowerCase())
      : isNumeric(value) && Number(toNumber(value)) === 1

const UNITS = ['Y', 'Z', 'E', 'P', 'T', 'G', 'M', 'K', 'B']
const sizeOf = (unit: string): number => 1024 ** (UNITS.length - 1 - UNITS.indexOf(unit))

function humanReadable(value: unknown, [isBits, unit]: readonly unknown[]): string {
  const size = asNumber(value, 'the input of "human_readable"')
  const base = isTrue(isBits) ? 'bits' : 'Bytes'
  const chosen =
    unit === null ? (UNITS.find((each) => size >= sizeOf(each)) ?? 'B') : asText(unit, 'unit').toUpperCase()
  if (!UNITS.includes(chosen)) fail(`"${chosen}" is no unit of size`)
  const suffix = chosen === 'B' ? base : chosen + (isTrue(isBits) ? 'b' : 'B')
  return `${formatFixed(size / sizeOf(chosen), 2)} ${suffix}`
}

function humanToBytes(value: unknown, [defaultUnit, isBits]: readonly unknown[]): number {
  const text = toText(value)
  const [, number, unit = ''] = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?\s*$/.exec(text) ?? []
  if (number === undefined || number === '' || number === '.') return fail(`"${text}" is not a size`)
  const given = unit === '' ? (defaultUnit === null ? 'B' : asText(defaultUnit, 'default_unit')) : unit
  const letter = given.charAt(0).toUpperCase()
  const full = letter === 'B' ? /^(b|bytes?|bits?)$/i : new RegExp(`^${letter}(${isTrue(isBits) ? 'b' : 'B'}|)$`, 'i')
  if (!UNITS.includes(letter) || !full.test(given)) return fail(`"${given}" is no unit of size`)
  return Math.round(Number(number) * sizeOf(letter))
}

function filesize(value: unknown, [binary]: readonly unknown[]): string {
  const size =
    typeof value === 'string' ? (parseFloatText(value) ?? fail(`"${value}" is no number`)) : asNumber(value, 'the size')
  const base = isTrue(binary) ? 1024 : 1000
  const units = isTrue(binary)
    ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']
    : ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
  if (size === 1) return '1 Byte'
  if (size < base) return `${Math.trunc(size)} Bytes`
  const power = units.findIndex((_, i) => size < base ** (i + 2))
  const index = power === -1 ? units.length - 1 : power
  return `${formatFixed(size / base ** (index + 1), 1)} ${units[index] as string}`
}

const float = (value: number): Float => (Number.isNaN(value) ? fail('the result is no real number') : new Float(value))

export const numberFilters: Readonly<Record<string, Plugin>> = {
  int: plugin(
    [
      ['default', 0],
      ['base', 10],
    ],
    (value, [otherwise, base]) => toInteger(value, otherwise, asInt(base, 'base')),
  ),
  float: plugin([['default', new Float(0)]], (value, [otherwise]) => toFloat(value, otherwise)),
  round: plugin(
    [
      ['precision', 0],
      ['method', 'common'],
    ],
    round,
  ),
  abs: plugin([], (value) => {
    if (!isNumeric(value)) return fail(`"abs" needs a number, not a ${typeName(value)}`)
    const number = toNumber(value)
    return isFloat(value)
      ? new Float(Math.abs(Number(number)))
      : toInt(BigInt(number) < 0n ? -BigInt(number) : BigInt(number))
  }),
  bool: plugin([], toBool),
  pow: plugin([['y']], (value, [power]) => float(asNumber(value, 'the base') ** asNumber(power, 'the power'))),
  root: plugin([['base', 2]], (value, [base]) => {
    const [number, of] = [asNumber(value, 'the input of "root"'), asNumber(base, 'base')]
    return float(of === 2 ? Math.sqrt(number) : exactRoot(number, of))
  }),
  log: plugin([['base', Math.E]], (value, [base]) => {
    const [number, of] = [asNumber(value, 'the input of "log"'), asNumber(base, 'base')]
    if (number <= 0) return fail('"log" needs a positive number')
    return float(of === 10 ? Math.log10(number) : of === Math.E ? Math.log(number) : Math.log(number) / Math.log(of))
  }),
  human_readable: plugin(
    [
      ['isbits', false],
      ['unit', null],
    ],
    humanReadable,
  ),
  human_to_bytes: plugin(
    [
      ['default_unit', null],
      ['isbits', false],
    ],
    humanToBytes,
  ),
  filesizeformat: plugin([['binary', false]], filesize),
}

/** `x ** (1 / n)`, as Python computes it. */
const exactRoot = (number: number, base: number): number => number ** (1 / base)
