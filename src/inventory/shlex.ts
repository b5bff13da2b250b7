/** A word of a line, and where it begins: from 1. */
export interface Word {
  readonly text: string
  readonly column: number
}

/**
 * Splits a line into words as Python's `shlex.split(line, comments=True)`, with which Ansible reads the hosts of INI
 * inventories: "#" outside quotes begins a comment, also inside a word, and in double quotes a backslash escapes only
 * `"` and itself. (`src/shell/split-words.ts` splits as a shell does.)
 *
 * @throws {SyntaxError} a quote is not closed, or nothing follows a backslash.
 */
export function shlexWords(line: string): Word[] {
  const words: Word[] = []
  let word: { text: string; column: number } | undefined
  for (let at = 0; at < line.length; ) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(line)
    if (token === null) throw new SyntaxError(UNCLOSED[line[at] ?? ''] ?? UNCLOSED['"'])
    const [whole, space, comment, single, double, escaped, plain] = token
    if (comment !== undefined) break
    if (space !== undefined) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word ??= { text: '', column: at + 1 }
      word.text += single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? ''
    }
    at += whole.length
  }
  return word === undefined ? words : [...words, word]
}

const TOKEN = /([ \t\r\n]+)|(#)|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^ \t\r\n#'"\\]+)/y

const UNCLOSED: Readonly<Record<string, string>> = {
  '"': 'a double quote is not closed',
  "'": 'a single quote is not closed',
  '\\': 'nothing follows the backslash at the end',
}
