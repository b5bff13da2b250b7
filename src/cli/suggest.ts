import { diffChars } from 'diff'

/** Suggests a candidate: one that starts with the word, else the nearest within an edit distance of 3. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < 2) return undefined
  const prefixed = candidates.find((candidate) => candidate.startsWith(word))
  if (prefixed !== undefined) return prefixed
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.min(3, word.length - 1) ? best.candidate : undefined
}

/** Deletions plus insertions; a transposition or substitution counts twice. */
function distance(from: string, to: string): number {
  return diffChars(from, to).reduce((sum, part) => sum + (part.added || part.removed ? part.count : 0), 0)
}
