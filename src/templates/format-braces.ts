import { fail } from './fault.ts'
import { formatExponent, formatFixed, formatGeneral } from './format-number.ts'
import { toRepr, toText } from './text.ts'
import {
  characters,
  Dict,
  isFloat,
  isInteger,
  isNumeric,
  Members,
  toNumber,
  typeName,
  type Float,
  type Named,
} from './values.ts'

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g

/** `text.format(...)`. */
export function formatBraces(format: string, args: readonly unknown[], named: Named): string {
  let next = 0
  const lookUp = (field: string): unknown => {
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/s.exec(field) ?? []
    const key = first === '' ? String(next++) : first
    let value: unknown
    if (/^\d+$/.test(key)) value = args[Number(key)]
    else value = named.get(key)
    if (value === undefined) fail(`the format "${format}" has no value for "{${field}}"`)
    for (const [, attribute, index] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      if (attribute !== undefined)
        return value instanceof Members
          ? value.get(attribute)
          : fail(`"{${field}}" cannot take an attribute of a ${typeName(value)}: use [${attribute}]`)
      const key = /^\d+$/.test(index as string) ? Number(index) : index
      value =
        value instanceof Dict
          ? value.get(key)
          : Array.isArray(value) && typeof key === 'number'
            ? value[key]
            : undefined
      if (value === undefined) fail(`the format "${format}" has no value for "{${field}}"`)
    }
    return value
  }
  return format.replace(FIELD, (all, field?: string, conversion?: string, spec?: string) => {
    if (all === '{{') return '{'
    if (all === '}}') return '}'
    if (field === undefined) return fail(`the format "${format}" has a single "${all}": write it twice`)
    const value = lookUp(field)
    const converted = conversion === undefined ? value : conversion === 's' ? toText(value) : toRepr(value)
    const nested = (spec ?? '').replace(/\{([^{}]*)\}/g, (_, inner: string) => toText(lookUp(inner)))
    return formatValue(converted, nested)
  })
}

const SPEC = /^(?:([^]?)([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u

/** A value in the format of a field: `>5`, `05d`, `.2f`. */
export function formatValue(value: unknown, spec: string): string {
  if (spec === '') return toText(value)
  const parts = SPEC.exec(spec)
  if (parts === null) return fail(`"${spec}" is not a format`)
  const [, fill, align, sign, alternate, zero, width, grouping, precision, kind] = parts
  const numeric = isNumeric(value) && kind !== 's'
  if (!numeric && typeof value !== 'string') fail(`a ${typeName(value)} cannot have the format "${spec}"`)
  let negative = false
  let body: string
  if (numeric) {
    if (typeof value === 'boolean' && kind === undefined) fail(`a bool cannot have the format "${spec}"`)
    const number = toNumber(value)
    negative = number < 0 || Object.is(number, -0)
    body = numberBody(
      value,
      kind ?? '',
      precision === undefined ? undefined : Number(precision),
      alternate !== undefined,
    )
    if (grouping !== undefined) body = body.replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, grouping))
  } else {
    if (kind !== undefined && kind !== 's') fail(`a text cannot have the format "${spec}"`)
    if (zero !== undefined && align === undefined) return pad(value as string, '0', '<', Number(width ?? 0))
    body =
      precision === undefined
        ? (value as string)
        : characters(value as string)
            .slice(0, Number(precision))
            .join('')
  }
  const prefix = negative ? '-' : numeric && (sign === '+' || sign === ' ') ? sign : ''
  const columns = Number(width ?? 0)
  if (align === '=' || (zero !== undefined && align === undefined && numeric))
    return prefix + pad(body, fill ?? '0', '>', columns - prefix.length)
  return pad(prefix + body, fill === undefined || fill === '' ? ' ' : fill, align ?? (numeric ? '>' : '<'), columns)
}

export function pad(text: string, fill: string, align: string, columns: number): string {
  const missing = Math.max(0, columns - characters(text).length)
  const left = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0
  return fill.repeat(left) + text + fill.repeat(missing - left)
}

function numberBody(value: unknown, kind: string, precision: number | undefined, alternate: boolean): string {
  const number = toNumber(value as Float)
  const size = Math.abs(Number(number))
  const whole = (radix: number, prefix: string): string => {
    if (!isInteger(value) && typeof value !== 'boolean') return fail(`a float cannot have the format "${kind}"`)
    const integer = BigInt(number)
    return (alternate ? prefix : '') + (integer < 0n ? -integer : integer).toString(radix)
  }
  switch (kind) {
    case 'b':
      return whole(2, '0b')
    case 'o':
      return whole(8, '0o')
    case 'x':
      return whole(16, '0x')
    case 'X':
      return whole(16, '0x').toUpperCase()
    case 'd':
    case 'n':
      return whole(10, '')
    case 'c':
      return String.fromCodePoint(Number(number))
    case 'e':
      return formatExponent(size, precision ?? 6)
    case 'E':
      return formatExponent(size, precision ?? 6).toUpperCase()
    case 'f':
    case 'F':
      return formatFixed(size, precision ?? 6)
    case 'g':
    case 'G':
      return formatGeneral(size, precision ?? 6)
    case '%':
      return `${formatFixed(size * 100, precision ?? 6)}%`
    default:
      if (isFloat(value)) {
        if (precision !== undefined) {
          const text = formatGeneral(size, precision)
          return /[.e]/.test(text) ? text : `${text}.0`
        }
        return toText(value).replace(/^-/, '')
      }
      return whole(10, '')
  }
}
