import { fail } from './fault.ts'
import { formatFixed, formatGeneral, formatExponent } from './format-number.ts'
import { toRepr, toText } from './text.ts'
import { characters, defined, Dict, isFloat, isInteger, isNumeric, toNumber, Tuple, typeName } from './values.ts'

const DIRECTIVE = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([hlL]?)([^])?/g

/** `text % values`: printf's formats, as Python has them. */
export function formatPercent(format: string, values: unknown): string {
  const positional = values instanceof Tuple ? [...values] : [values]
  let used = 0
  const keys = new Set<string>()
  const next = (): unknown =>
    used < positional.length ? defined(positional[used++]) : fail('"%" has more placeholders than values')
  const text = format.replace(
    DIRECTIVE,
    (
      all,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      _,
      kind?: string,
    ) => {
      if (kind === '%') return '%'
      if (kind === undefined) return fail(`the format "${format}" is incomplete`)
      const columns = width === '*' ? Number(next()) : Number(width ?? 0)
      const digits =
        all.includes('.') && /\.(\*|\d*)[hlL]?.$/s.test(all)
          ? precision === '*'
            ? Number(next())
            : Number(precision ?? 0)
          : undefined
      let value: unknown
      if (key === undefined) value = next()
      else {
        keys.add(key)
        if (!(values instanceof Dict)) return fail(`the format "${all}" needs a dict`)
        value = values.has(key)
          ? defined(values.get(key))
          : fail(`the dict has no key "${key}" for the format "${all}"`)
      }
      return pad(one(kind, value, flags, digits, all), kind, flags, columns)
    },
  )
  if (
    keys.size === 0 &&
    used < positional.length &&
    !(values instanceof Dict || (Array.isArray(values) && !(values instanceof Tuple) && used > 0))
  )
    fail('"%" has more values than placeholders')
  return text
}

function pad(text: string, kind: string, flags: string, columns: number): string {
  const missing = columns - characters(text).length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (!flags.includes('0') || ('sracu'.includes(kind) && kind !== 'u')) return ' '.repeat(missing) + text
  const [sign = ''] = /^[-+ ]?(0[xXo])?/.exec(text) ?? []
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

function one(kind: string, value: unknown, flags: string, digits: number | undefined, all: string): string {
  const cut = (text: string): string => (digits === undefined ? text : characters(text).slice(0, digits).join(''))
  switch (kind) {
    case 's':
      return cut(toText(value))
    case 'r':
    case 'a':
      return cut(toRepr(value))
    case 'c':
      return typeof value === 'string' && characters(value).length === 1
        ? value
        : isInteger(value)
          ? String.fromCodePoint(Number(value))
          : fail(`"${all}" needs an int or one character, not ${typeName(value)}`)
    case 'd':
    case 'i':
    case 'u': {
      const number = numeric(value, all)
      const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number))
      return sign(whole < 0n, (whole < 0n ? -whole : whole).toString().padStart(digits ?? 0, '0'), flags)
    }
    case 'x':
    case 'X':
    case 'o': {
      if (!isInteger(value) && typeof value !== 'boolean') fail(`"${all}" needs an int, not ${typeName(value)}`)
      const whole = BigInt(value)
      const prefix = flags.includes('#') ? (kind === 'o' ? '0o' : `0${kind}`) : ''
      const body = (whole < 0n ? -whole : whole).toString(kind === 'o' ? 8 : 16).padStart(digits ?? 0, '0')
      return sign(whole < 0n, prefix + (kind === 'X' ? body.toUpperCase() : body), flags)
    }
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': {
      const number = Number(numeric(value, all))
      const size = Math.abs(number)
      const lower = kind.toLowerCase()
      const body = !Number.isFinite(size)
        ? Number.isNaN(size)
          ? 'nan'
          : 'inf'
        : lower === 'f'
          ? formatFixed(size, digits ?? 6)
          : lower === 'e'
            ? formatExponent(size, digits ?? 6)
            : formatGeneral(size, digits ?? 6, flags.includes('#'))
      return sign(number < 0 || Object.is(number, -0), kind === lower ? body : body.toUpperCase(), flags)
    }
    default:
      return fail(`"${all}" is not a format`)
  }
}

const numeric = (value: unknown, format: string): number | bigint =>
  isNumeric(value) || isFloat(value)
    ? toNumber(value as number)
    : fail(`"${format}" needs a number, not ${typeName(value)}`)

const sign = (isNegative: boolean, body: string, flags: string): string =>
  `${isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''}${body}`
