import damerauLevenshtein from 'damerau-levenshtein'

/**
 * Suggestions for a mistyped name, nearest first. Swapping two neighbours counts as one edit, like a missing, an extra
 * or a wrong character.
 *
 * @param limit - the maximum number of suggestions.
 * @param maxDistance - the maximum number of edits; default: a third of the word, at least 1, at most 3.
 */
export function nearest(
  word: string,
  names: Iterable<string>,
  limit = 3,
  maxDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))),
): string[] {
  return [...names]
    .filter((name) => Math.abs(name.length - word.length) <= maxDistance)
    .map((name) => ({ name, distance: damerauLevenshtein(word.toLowerCase(), name.toLowerCase()).steps }))
    .filter(({ distance }) => distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ name }) => name)
}

/** Suggests one name: the first that starts with the word, else the nearest. */
export function closest(word: string, names: readonly string[]): string | undefined {
  if (word.length < 2) return undefined
  return names.find((name) => name.startsWith(word)) ?? nearest(word, names, 1)[0]
}

/** `did you mean web1 or web2?`; undefined without suggestions. */
export function didYouMean(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const last = names.at(-1)
  return names.length === 1 ? `did you mean ${last}?` : `did you mean ${names.slice(0, -1).join(', ')} or ${last}?`
}
