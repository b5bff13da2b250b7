/** Words of a fixed vocabulary, never free text: rewriting one would break the event for its readers. */
const VOCABULARY = new Set(['type', 'time', 'start', 'status', 'kind', 'level'])

/**
 * Rewrites every string inside a value, keys included, however deep. What is not changed is not copied: a value
 * without any change comes back as the very object that went in.
 */
export function mapStrings<T>(value: T, rewrite: (text: string) => string): T {
  return rewritten(value, rewrite) as T
}

function rewritten(value: unknown, rewrite: (text: string) => string): unknown {
  if (typeof value === 'string') return rewrite(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => rewritten(item, rewrite))
    return items.every((item, i) => item === value[i]) ? value : items
  }
  let changed = false
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(value)) {
    const newKey = rewrite(key)
    const newItem = VOCABULARY.has(key) && typeof item === 'string' ? item : rewritten(item, rewrite)
    if (newKey !== key || newItem !== item) changed = true
    entries.push([newKey, newItem])
  }
  return changed ? Object.fromEntries(entries) : value
}
