/** A variable's value as text: a mapping as JSON, so that an error shows it instead of "[object Object]". */
export const toText = (value: unknown): string =>
  typeof value === 'object' && value?.constructor === Object ? JSON.stringify(value) : String(value)
