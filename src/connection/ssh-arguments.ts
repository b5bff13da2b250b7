import { homedir } from 'node:os'
import { splitWords } from '../shell/split-words.ts'
import { ConnectionConfigError } from './config-error.ts'
import { type ConfigLine, parseConfigLine } from './ssh-config/lines.ts'

/** The options in a variable like `ansible_ssh_common_args`. */
export interface SshArguments {
  readonly lines: readonly ConfigLine[]
  /** The file of `-F`. */
  readonly configFile?: string
}

/** Short options with a value, as options of ssh_config. */
const SHORT = new Map([
  ['J', 'ProxyJump'],
  ['i', 'IdentityFile'],
  ['l', 'User'],
  ['p', 'Port'],
])
/** Compression, and how much ssh prints: without effect on Labbook. */
const IGNORED = /^-[Cqv]+$/

/**
 * Parses arguments of `ssh`: `-o Key=Value`, `-oKey=Value`, `-o "Key Value"`, `-F`, `-J`, `-i`, `-l`, `-p`.
 *
 * @throws {ConnectionConfigError} for any other.
 */
export function parseSshArguments(text: string, variable: string, host: string): SshArguments {
  const at = `${host}: ${variable}`
  const words = wordsOf(text, at)
  const lines: ConfigLine[] = []
  let configFile: string | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (IGNORED.test(word)) continue
    const letter = /^-([oFJilp])/.exec(word)?.[1] ?? ''
    const value = word.length > 2 ? word.slice(2) : words.shift()
    if (letter === '' || value === undefined || value.trim() === '') throw unreadable(at, value, word, letter)
    if (letter === 'F') configFile ??= expandHome(value)
    else if (letter === 'o') lines.push(option(value, at))
    else {
      const name = SHORT.get(letter) ?? ''
      lines.push({ keyword: name.toLowerCase(), name, words: [value], text: value, at })
    }
  }
  return { lines, ...(configFile === undefined ? {} : { configFile }) }
}

function option(value: string, at: string): ConfigLine {
  try {
    return parseConfigLine(value.trim(), at)
  } catch (error) {
    if (!/cannot read/.test((error as Error).message)) throw error
    throw unreadable(at, value, value, 'o')
  }
}

function unreadable(at: string, value: string | undefined, word: string, letter: string): ConnectionConfigError {
  const what = JSON.stringify(letter === '' ? word : (value ?? word))
  return new ConnectionConfigError(`${at}: cannot read ${what}; write options as -o Name=value`)
}

function wordsOf(text: string, at: string): string[] {
  try {
    return splitWords(text)
  } catch (error) {
    throw new ConnectionConfigError(`${at}: ${(error as SyntaxError).message}`, { cause: error })
  }
}

/** Expands `~` and `~/x` as a shell does. */
export const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir())
