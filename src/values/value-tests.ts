// What options and keywords may be. Each task is tested, and schemas take longer to build than a start should.

export type ValueTest = (value: unknown) => boolean

export const isBoolean: ValueTest = (value) => typeof value === 'boolean'

export const isString: ValueTest = (value) => typeof value === 'string'

export const isNonEmpty: ValueTest = (value) => typeof value === 'string' && value !== ''

export const isFunction: ValueTest = (value) => typeof value === 'function'

/** A whole number, 0 or more. */
export const isCount: ValueTest = (value) => Number.isSafeInteger(value) && (value as number) >= 0

/** Neither NaN nor infinite. */
export const isNumberFrom = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= least

/** Each element passes the test; so do the holes of a list. */
export const isListOf = (value: unknown, is: ValueTest): boolean => Array.isArray(value) && Array.from(value).every(is)

/** Not a promise, a Map or another instance: they would be a mapping without keys. */
export const isMapping: ValueTest = (value) =>
  typeof value === 'object' &&
  value !== null &&
  [null, Object.prototype].includes(Object.getPrototypeOf(value) as object | null)
