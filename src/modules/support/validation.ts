import { quote } from '../../shell/quote.ts'
import { quoteWithHome } from '../../shell/quote-with-home.ts'
import { splitWords } from '../../shell/split-words.ts'

/**
 * Shell text that runs a command line with `%s`, the path in `$lb_new` of the new content of `$lb_to`. As in Ansible,
 * the line is split into words and no shell processes them: in the script of `sh -c`, the path is text. `%%` is `%`.
 */
export function runValidation(line: string): string {
  const words = splitWords(line)
  // A path with a space would be two words in the script of a nested shell.
  const isNested = words.some((word) => /\s/.test(word) && word.includes('%s'))
  return [...(isNested ? [REQUIRE_PLAIN_PATH] : []), `( exec ${words.map(wordOf).join(' ')} ) >&2`].join(' && ')
}

const REQUIRE_PLAIN_PATH =
  'case $lb_to$lb_new in *[!A-Za-z0-9_@%+=:,./-]*)' +
  ` printf 'validate: a script cannot contain the path %s: pass %%s as a word\\n' "$lb_to" >&2; false ;; esac`

const wordOf = (word: string): string =>
  word.includes('%')
    ? word
        .split(/(%%|%s)/)
        .filter((piece) => piece !== '')
        .map((piece) => (piece === '%s' ? '"$lb_new"' : piece === '%%' ? '%' : quote(piece)))
        .join('')
    : quoteWithHome(word)
