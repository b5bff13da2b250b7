import { attribute, item } from '../attributes.ts'
import { isInteger, isTrue, Undefined } from '../values.ts'

/** Jinja2's `attribute=`: names and indices with points between them. */
export function attributePath(path: unknown): (value: unknown) => unknown {
  if (isInteger(path)) return (value) => item(value, path, String(path))
  const steps = String(path)
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  return (value) => {
    let current = value
    for (const step of steps) current = itemOrAttribute(current, step, String(path))
    return current
  }
}

/** `environment.getitem`: an item first, else an attribute. */
function itemOrAttribute(value: unknown, key: string | number, path: string): unknown {
  const found = item(value, key, path)
  return found instanceof Undefined && typeof key === 'string' ? attribute(value, key, path) : found
}

/** Text without its case, unless case counts. */
export const caseKey =
  (caseSensitive: unknown) =>
  (value: unknown): unknown =>
    typeof value === 'string' && !isTrue(caseSensitive) ? value.toLowerCase() : value
