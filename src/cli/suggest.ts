import { diffChars } from 'diff'

/** The candidate that was probably meant: one that starts with the word, else the nearest within three letters. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < 2) return undefined
  const begun = candidates.find((candidate) => candidate.startsWith(word))
  if (begun !== undefined) return begun
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.min(3, word.length - 1) ? best.candidate : undefined
}

/** Letters taken out plus letters put in; a swap or a replaced letter counts two. */
function distance(from: string, to: string): number {
  return diffChars(from, to).reduce((sum, part) => sum + (part.added || part.removed ? part.count : 0), 0)
}
