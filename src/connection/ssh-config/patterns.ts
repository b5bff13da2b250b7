/** Whether a text matches a pattern of ssh_config with `*` and `?`. */
export function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

/** Whether a text matches one of the patterns, and none of those with `!`. */
export function matchesPatterns(text: string, patterns: readonly string[]): boolean {
  const negated = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  if (negated.some((pattern) => matchesPattern(text, pattern))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(text, pattern))
}
