import { fail } from './fault.ts'
import { characters, Dict, isNumeric, toNumber, Tuple, typeName } from './values.ts'

/** `==`: 1, 1.0 and True are equal; a list never equals a tuple. */
export function equals(a: unknown, b: unknown): boolean {
  if (a === b) return true
  // Numbers and bigints compare by value.
  if (isNumeric(a) && isNumeric(b)) return toNumber(a) == toNumber(b)
  if (Array.isArray(a) && Array.isArray(b))
    return (
      a instanceof Tuple === b instanceof Tuple &&
      a.length === b.length &&
      a.every((item, i) => equals(item, (b as unknown[])[i]))
    )
  if (a instanceof Dict && b instanceof Dict)
    return a.size === b.size && a.entries().every(([key, value]) => b.has(key) && equals(value, b.get(key)))
  return false
}

/** Negative, 0 or positive. @throws {Fault} the types have no order. */
export function compare(a: unknown, b: unknown, operator = '<'): number {
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [toNumber(a), toNumber(b)]
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : Number.NaN
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (!equals(a[i], b[i])) return compare(a[i], b[i], operator)
    return a.length - b.length
  }
  return fail(`"${operator}" cannot compare ${typeName(a)} with ${typeName(b)}`)
}

/** By code points; JavaScript compares UTF-16 units. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  const [x, y] = [characters(a), characters(b)]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = ((x[i] as string).codePointAt(0) as number) - ((y[i] as string).codePointAt(0) as number)
    if (difference !== 0) return difference
  }
  return x.length - y.length
}

/** `item in container`. */
export function contains(container: unknown, item: unknown): boolean {
  if (typeof container === 'string')
    return typeof item === 'string'
      ? container.includes(item)
      : fail(`"in" needs a text to look for in a text, not ${typeName(item)}`)
  if (container instanceof Dict) return container.has(item)
  if (Array.isArray(container)) return container.some((each) => equals(each, item))
  return fail(`"in" cannot look into a value of type ${typeName(container)}`)
}

/** A stable sort by a key. */
export const sortBy = <T>(items: readonly T[], key: (item: T) => unknown, reverse = false): T[] => {
  const sorted = items.map((item) => ({ item, key: key(item) }))
  // A stable sort in both directions keeps equal items in their order.
  sorted.sort((a, b) => (reverse ? compare(b.key, a.key) : compare(a.key, b.key)))
  return sorted.map(({ item }) => item)
}

/** The items without repetitions; the first of equal ones stays. */
export function unique(items: readonly unknown[], key: (item: unknown) => unknown = (item) => item): unknown[] {
  const seen = new Set<unknown>()
  const others: unknown[] = []
  return items.filter((item) => {
    const by = key(item)
    if (typeof by === 'string' || by === null) {
      if (seen.has(by)) return false
      seen.add(by)
      return true
    }
    if (others.some((other) => equals(other, by))) return false
    others.push(by)
    return true
  })
}
