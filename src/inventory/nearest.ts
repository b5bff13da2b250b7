/**
 * Suggestions for a mistyped name, nearest first.
 *
 * @param limit - the maximum number of suggestions
 * @param maxDistance - the maximum edit distance; default: a third of the word, at least 1, at most 3
 */
export function nearest(
  word: string,
  names: Iterable<string>,
  limit = 3,
  maxDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))),
): string[] {
  const found: { name: string; distance: number }[] = []
  for (const name of names) {
    if (Math.abs(name.length - word.length) > maxDistance) continue
    const distance = editDistance(word.toLowerCase(), name.toLowerCase())
    if (distance <= maxDistance) found.push({ name, distance })
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ name }) => name)
}

/** `did you mean web1 or web2?`; undefined without suggestions. */
export function didYouMean(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const last = names.at(-1)
  return names.length === 1 ? `did you mean ${last}?` : `did you mean ${names.slice(0, -1).join(', ')} or ${last}?`
}

/** Optimal string alignment: insertions, deletions, substitutions and transpositions. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1)
      }
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
