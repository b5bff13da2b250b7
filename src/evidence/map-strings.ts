/** Fields with enumerated values: rewriting one would break the readers of the event. */
const ENUM_FIELDS = new Set(['type', 'time', 'start', 'status', 'kind', 'level'])

/**
 * Rewrites every string in a value recursively, including keys. Without a change the value itself is returned, not a
 * copy.
 */
export function mapStrings<T>(value: T, rewrite: (text: string) => string): T {
  return rewriteValue(value, rewrite) as T
}

function rewriteValue(value: unknown, rewrite: (text: string) => string): unknown {
  if (typeof value === 'string') return rewrite(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => rewriteValue(item, rewrite))
    return items.every((item, i) => item === value[i]) ? value : items
  }
  let changed = false
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(value)) {
    const newKey = rewrite(key)
    const newItem = ENUM_FIELDS.has(key) && typeof item === 'string' ? item : rewriteValue(item, rewrite)
    if (newKey !== key || newItem !== item) changed = true
    entries.push([newKey, newItem])
  }
  return changed ? Object.fromEntries(entries) : value
}
