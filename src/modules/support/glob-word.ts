import { quote } from '../../shell/quote.ts'

/**
 * A pattern as one word that the shell expands as Python's `glob` does: `*`, `?`, `[a-z]` and `[!a-z]` match, all else
 * is literal.
 */
export function globWord(pattern: string): string {
  let word = ''
  for (let i = 0; i < pattern.length; ) {
    const [literal = ''] = /^[^*?[]*/.exec(pattern.slice(i)) ?? []
    if (literal !== '') word += quote(literal)
    i += literal.length
    if (i === pattern.length) break
    const [set, negated = '', members = ''] = /^\[(!?)(\]?[^\]]*)\]/.exec(pattern.slice(i)) ?? []
    if (pattern[i] !== '[') word += pattern.charAt(i)
    else if (set === undefined) word += quote('[')
    else if (negated === '' && members === '^') word += quote('^')
    else {
      // At the start, some shells read ^ as !, quoted or not.
      const ordered = members.startsWith('^') ? `${members.slice(1)}^` : members
      word += `[${negated}${ordered.replaceAll(/[^A-Za-z0-9-]+/g, quote)}]`
    }
    i += set?.length ?? 1
  }
  return word
}
