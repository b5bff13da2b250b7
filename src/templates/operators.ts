import { compare, contains, equals } from './compare.ts'
import { fail } from './fault.ts'
import { formatPercent } from './format-percent.ts'
import type { BinaryOperator, CompareOperator } from './syntax.ts'
import { Float, isFloat, isInteger, isNumeric, toInt, toNumber, Tuple, typeName } from './values.ts'

/** Longest text or list that `*` makes, and largest exponent's result in bits: a template must not take all memory. */
const LIMIT = 10_000_000

/** A binary operator with Python's rules: texts join, lists join, and nothing is converted in silence. */
export function binary(operator: BinaryOperator, a: unknown, b: unknown): unknown {
  if (isNumeric(a) && isNumeric(b)) return arithmetic(operator, a, b)
  if (operator === '%' && typeof a === 'string') return formatPercent(a, b)
  if (operator === '+') {
    if (typeof a === 'string' && typeof b === 'string') return a + b
    if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple)
      return a instanceof Tuple
        ? Tuple.make([...(a as unknown[]), ...(b as unknown[])])
        : [...(a as unknown[]), ...(b as unknown[])]
  }
  if (operator === '*') {
    if (isInteger(a) || typeof a === 'boolean') return repeat(b, a, operator, a)
    if (isInteger(b) || typeof b === 'boolean') return repeat(a, b, operator, a)
  }
  return unsupported(operator, a, b)
}

const unsupported = (operator: string, a: unknown, b: unknown): never =>
  fail(
    `"${operator}" cannot take ${typeName(a)} and ${typeName(b)}${
      operator === '+' && (typeof a === 'string' || typeof b === 'string') ? ': use "~" to join texts' : ''
    }`,
  )

function repeat(of: unknown, times: number | bigint | boolean, operator: string, first: unknown): unknown {
  const count = Math.max(0, Number(times))
  const size = typeof of === 'string' || Array.isArray(of) ? of.length : 0
  if (size * count > LIMIT) fail(`"*" would make a value of ${size * count} items`)
  if (typeof of === 'string') return of.repeat(count)
  if (Array.isArray(of)) {
    const items = Array.from({ length: count }, () => of as unknown[]).flat()
    return of instanceof Tuple ? Tuple.make(items) : items
  }
  return unsupported(operator, first === of ? of : times, first === of ? times : of)
}

type Numeric = number | bigint | boolean | Float

function arithmetic(operator: BinaryOperator, a: Numeric, b: Numeric): unknown {
  if (isFloat(a) || isFloat(b) || operator === '/')
    return new Float(floating(operator, Number(toNumber(a)), Number(toNumber(b))))
  const [x, y] = [BigInt(toNumber(a)), BigInt(toNumber(b))]
  switch (operator) {
    case '+':
      return toInt(x + y)
    case '-':
      return toInt(x - y)
    case '*':
      return toInt(x * y)
    case '//':
    case '%': {
      if (y === 0n) fail('division by zero')
      const rest = ((x % y) + y) % y
      return toInt(operator === '%' ? rest : (x - rest) / y)
    }
    case '**':
      if (y < 0n) return new Float(floating('**', Number(x), Number(y)))
      if (x.toString(2).length * Number(y) > LIMIT / 100) fail('the result of "**" is too large')
      return toInt(x ** y)
  }
}

function floating(operator: BinaryOperator, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return y === 0 ? fail('division by zero') : x / y
    case '//':
    case '%': {
      if (y === 0) fail('division by zero')
      const rest = x % y
      const modulo = rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest
      return operator === '%' ? modulo : Math.round((x - modulo) / y)
    }
    case '**': {
      if (x === 0 && y < 0) fail('division by zero')
      const power = x ** y
      return Number.isNaN(power) ? fail('"**" has no real result') : power
    }
  }
}

export function negative(value: unknown): unknown {
  if (!isNumeric(value)) return fail(`"-" cannot take ${typeName(value)}`)
  const number = toNumber(value)
  return isFloat(value) ? new Float(-Number(number)) : toInt(-BigInt(number))
}

export const positive = (value: unknown): unknown =>
  isNumeric(value) ? (typeof value === 'boolean' ? Number(value) : value) : fail(`"+" cannot take ${typeName(value)}`)

export function compareWith(operator: CompareOperator, a: unknown, b: unknown): boolean {
  switch (operator) {
    case '==':
      return equals(a, b)
    case '!=':
      return !equals(a, b)
    case 'in':
      return contains(b, a)
    case 'not in':
      return !contains(b, a)
    case '<':
      return compare(a, b, operator) < 0
    case '<=':
      return compare(a, b, operator) <= 0
    case '>':
      return compare(a, b, operator) > 0
    case '>=':
      return compare(a, b, operator) >= 0
  }
}

/** Python's slice of a sequence. */
export function slice<T>(items: readonly T[], bounds: readonly unknown[]): T[] {
  const [start, stop, by] = bounds.map((bound) =>
    bound === undefined || bound === null
      ? undefined
      : isInteger(bound) || typeof bound === 'boolean'
        ? Number(bound)
        : fail(`a slice needs ints, not ${typeName(bound)}`),
  )
  const step = by ?? 1
  if (step === 0) fail('the step of a slice cannot be zero')
  const { length } = items
  const clamp = (index: number): number =>
    step > 0
      ? Math.min(length, Math.max(0, index < 0 ? index + length : index))
      : Math.min(length - 1, Math.max(-1, index < 0 ? index + length : index))
  const from = start === undefined ? (step > 0 ? 0 : length - 1) : clamp(start)
  const to = stop === undefined ? (step > 0 ? length : -1) : clamp(stop)
  const result: T[] = []
  for (let i = from; step > 0 ? i < to : i > to; i += step) result.push(items[i] as T)
  return result
}
