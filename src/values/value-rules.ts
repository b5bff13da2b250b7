// What options and keywords may be. Each task is tested, and schemas take longer to build than a start should.

export type ValueTest = (value: unknown) => boolean

/** What a value must be, and how errors say so. */
export interface ValueRule {
  readonly is: ValueTest
  readonly must: string
}

export const isBoolean: ValueTest = (value) => typeof value === 'boolean'

export const isString: ValueTest = (value) => typeof value === 'string'

export const isNonEmpty: ValueTest = (value) => typeof value === 'string' && value !== ''

export const isFunction: ValueTest = (value) => typeof value === 'function'

/** A whole number, 0 or more. */
export const isCount: ValueTest = (value) => Number.isSafeInteger(value) && (value as number) >= 0

/** Neither NaN nor infinite. */
export const isNumberFrom = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= least

/** Each element passes the test. A hole counts as undefined. */
export const isListOf = (value: unknown, is: ValueTest): boolean => Array.isArray(value) && Array.from(value).every(is)

/** Not a promise, a Map or another instance: they would be a mapping without keys. */
export const isMapping: ValueTest = (value) =>
  typeof value === 'object' &&
  value !== null &&
  [null, Object.prototype].includes(Object.getPrototypeOf(value) as object | null)

export const BOOLEAN: ValueRule = { is: isBoolean, must: 'true or false' }
export const COUNT: ValueRule = { is: isCount, must: 'a whole number, 0 or more' }
export const NAME: ValueRule = { is: isNonEmpty, must: 'a string that is not empty' }
export const STRINGS: ValueRule = {
  is: (value) => isString(value) || isListOf(value, isString),
  must: 'a string or a list of strings',
}
