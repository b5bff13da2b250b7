import { plugin, type Plugin } from './arguments.ts'
import { fail } from './fault.ts'
import { isFloat, isInteger, toNumber, type Float } from './values.ts'

/** Methods of numbers. */
export const numberMethods: Readonly<Record<string, Plugin>> = {
  bit_length: plugin([], (value) => {
    if (!isInteger(value)) return fail('a float has no "bit_length"')
    const size = BigInt(value) < 0n ? -BigInt(value) : BigInt(value)
    return size === 0n ? 0 : size.toString(2).length
  }),
  is_integer: plugin([], (value) =>
    isFloat(value) ? Number.isInteger(Number(toNumber(value as Float))) : fail('an int has no "is_integer"'),
  ),
}
