/**
 * Splits a command line into words as a POSIX shell does, without expansion: quotes and backslashes count, `$`, `*`,
 * `|` and `;` are literal.
 *
 * @throws {SyntaxError} a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let rest = line
  while (rest !== '') {
    const token = TOKEN.exec(rest)
    if (token === null) throw new SyntaxError(`unclosed quote in: ${line}`)
    rest = rest.slice(token[0].length)
    const { space, single, double, escaped, plain } = token.groups as Record<string, string | undefined>
    if (space !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word =
        (word ?? '') +
        (single ??
          double?.replaceAll(/\\(["\\$`\n])/g, (_, c: string) => (c === '\n' ? '' : c)) ??
          escaped ??
          plain ??
          '')
    }
  }
  return word === undefined ? words : [...words, word]
}

const TOKEN =
  /^(?:(?<space>\s+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[\s\S])|(?<plain>[^\s'"\\]+))/
