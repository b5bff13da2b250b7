import { splitWords } from '../shell/split-words.ts'

/** Options without a value, in one word: `-EH`. `-n` and `-S` depend on the password. */
const PLAIN = /^-[AEHPBNSikns]+$/
/** Options with a value in the same word or in the next. */
const VALUED = /^-(?:[aCcDgRrTt])(.*)$/
const LONG_PLAIN = ['askpass', 'bell', 'login', 'non-interactive', 'preserve-groups', 'set-home', 'shell', 'stdin']
const LONG_VALUED = ['chdir', 'chroot', 'close-from', 'command-timeout', 'group', 'login-class', 'role', 'type']

/** What any login shell takes literally. */
const LITERAL = /^[\w.+/:=,@%-]+$/

/**
 * Reads the flags of `ansible_become_flags` as Ansible does: they replace its `-H -S -n`. How sudo gets the password is
 * not their matter, so `-S`, `-n` and `--non-interactive` are left out.
 *
 * @throws {SyntaxError} for an option that would not start a shell as the become user.
 */
export function parseSudoFlags(text: string): string[] {
  const words = splitWords(text)
  const flags: string[] = []
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!LITERAL.test(word)) {
      throw new SyntaxError(`has ${JSON.stringify(word)}: only letters, digits and . _ + / : = , @ % - are supported`)
    }
    const long = /^--([a-z-]+)(=.*)?$/.exec(word)
    if (PLAIN.test(word)) {
      const kept = word.replace(/[nS]/g, '')
      if (kept !== '-') flags.push(kept)
    } else if (long !== null ? LONG_VALUED.includes(String(long[1])) : VALUED.test(word)) {
      const hasValue = long === null ? word.length > 2 : long[2] !== undefined
      const value = hasValue ? [] : [valueOf(word, words)]
      flags.push(word, ...value)
    } else if (long !== null && (long[1] === 'preserve-env' || (LONG_PLAIN.includes(String(long[1])) && !long[2]))) {
      if (long[1] !== 'non-interactive' && long[1] !== 'stdin') flags.push(word)
    } else if (/^[A-Za-z_]\w*=/.test(word)) {
      flags.push(word)
    } else {
      throw new SyntaxError(`has ${JSON.stringify(word)}, which Labbook cannot pass to sudo: remove it`)
    }
  }
  return flags
}

function valueOf(option: string, words: string[]): string {
  const value = words.shift()
  if (value === undefined || !LITERAL.test(value)) throw new SyntaxError(`has ${option} without a usable value`)
  return value
}
