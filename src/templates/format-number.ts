import { pythonExponent } from './text.ts'

/** A number with `digits` decimals, rounded half to even on its exact binary value, as C does. */
export function formatFixed(value: number, digits: number): string {
  if (digits <= 100 && Math.abs(value) < 1e21) {
    const text = value.toFixed(digits)
    // toFixed is exact, but rounds a tie away from zero.
    const scaled = exactTie(value, digits)
    return scaled === undefined ? text : scaled
  }
  return `${BigInt(Math.trunc(value))}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`
}

/** The text of a value that lies exactly between two roundings; undefined if it does not. */
function exactTie(value: number, digits: number): string | undefined {
  // Only multiples of 2^-(digits + 1) can be ties.
  if (digits > 20 || !Number.isInteger(value * 2 ** (digits + 1))) return undefined
  const power = 10n ** BigInt(digits)
  const half = BigInt(value * 2 ** (digits + 1)) * power
  const unit = 2n ** BigInt(digits + 1)
  const size = half < 0n ? -half : half
  const [quotient, rest] = [size / unit, size % unit]
  if (rest * 2n !== unit) return undefined
  const rounded = quotient % 2n === 0n ? quotient : quotient + 1n
  const text = rounded.toString().padStart(digits + 1, '0')
  const body = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
  return value < 0 ? `-${body}` : body
}

export const formatExponent = (value: number, digits: number): string => pythonExponent(value.toExponential(digits))

/** `%g`: `digits` significant digits, without trailing zeros. */
export function formatGeneral(value: number, digits: number, keepZeros = false): string {
  const precision = Math.max(1, digits)
  if (value === 0) return '0'
  const exponent = Number(value.toExponential(precision - 1).split('e')[1])
  const trim = (text: string): string => (keepZeros || !text.includes('.') ? text : text.replace(/\.?0+$/, ''))
  if (exponent < -4 || exponent >= precision) {
    const [body = '', power = ''] = value.toExponential(precision - 1).split('e')
    return pythonExponent(`${trim(body)}e${power}`)
  }
  return trim(value.toFixed(Math.max(0, precision - 1 - exponent)))
}
