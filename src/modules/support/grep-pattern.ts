/** Classes of Python's regular expressions, as members of a bracket expression. */
const CLASSES: Readonly<Record<string, string>> = { d: '0-9', s: '[:space:]', w: '[:alnum:]_' }
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', f: '\f', v: '\v' }

/**
 * A regular expression in Python's syntax for `grep -E`, which looks at each line. An error for what it cannot express.
 * POSIX classes such as `[[:digit:]]` keep their meaning.
 */
export function grepPattern(pattern: string): string | { readonly error: string } {
  let rest = pattern
  let translated = ''
  while (rest !== '') {
    const token = TOKEN.exec(rest)?.[0] ?? ''
    const next = tokenFor(token, pattern)
    if (next === undefined)
      return { error: `${token === '' ? rest : token} is not supported in a regular expression for grep` }
    translated += next
    rest = rest.slice(token.length)
  }
  return translated
}

/** An escape, a bracket expression, a group's start, a quantifier, or another character. */
const TOKEN = /^(?:\\[^]|\[\^?\]?(?:\[:[a-z]+:\]|\\[^]|[^\]\\])*\]|\(\?[^)]{0,2}|(?:[*+?]|\{\d*,?\d*\})[?+]?|[^])/u

function tokenFor(token: string, pattern: string): string | undefined {
  if (token.startsWith('\\')) return escapeFor(token.slice(1))
  if (token.startsWith('[')) return token.length === 1 ? undefined : bracketFor(token)
  // Groups have no other numbers than in Python only if no number is used.
  if (token.startsWith('(?')) return token.startsWith('(?:') && !/\\\d/.test(pattern) ? `(${token.slice(3)}` : undefined
  if (token === '\n') return undefined
  // A possessive quantifier is an error; whether a lazy one is lazy does not matter for a search.
  if (/^([*+?]|\{.*\})\+$/.test(token)) return undefined
  return /^([*+?]|\{.*\})\?$/.test(token) ? token.slice(0, -1) : token
}

function escapeFor(character: string): string | undefined {
  const lower = character.toLowerCase()
  if (CLASSES[lower] !== undefined) return `[${character === lower ? '' : '^'}${CLASSES[lower]}]`
  if (/[bB1-9]/.test(character)) return `\\${character}`
  if (CONTROLS[character] !== undefined) return CONTROLS[character]
  if (/[A-Za-z0-9\n]/.test(character)) return undefined
  return /[.[\](){}*+?^$|\\]/.test(character) ? `\\${character}` : character
}

/** In a bracket expression of grep, a backslash is like other characters, and the place of `]`, `^`, `-` matters. */
function bracketFor(token: string): string | undefined {
  const negated = token.startsWith('[^')
  let members = ''
  let bracket = ''
  let caret = ''
  let hyphen = ''
  for (const [member] of token.slice(negated ? 2 : 1, -1).matchAll(/\[:[a-z]+:\]|\\[^]|[^]/gu)) {
    const character = member.startsWith('\\') ? member.slice(1) : member
    if (member === '\\n' || member === '\n') {
      // A line has none.
    } else if (member.startsWith('\\') && CLASSES[character] !== undefined) members += CLASSES[character]
    else if (member.startsWith('\\') && CONTROLS[character] !== undefined) members += CONTROLS[character]
    else if (member.startsWith('\\') && /[A-Za-z0-9]/.test(character)) return undefined
    else if (character === ']') bracket = ']'
    else if (character === '^') caret = '^'
    else if (member === '\\-') hyphen = '-'
    else members += character
  }
  if (negated) return `[^${bracket}${members}${caret}${hyphen}]`
  return members === '' && bracket === '' && hyphen === '' ? '\\^' : `[${bracket}${members}${caret}${hyphen}]`
}
