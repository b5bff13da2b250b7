import { ConnectionConfigError } from '../config-error.ts'

/*
 * Not by a library. `ssh-config` of npm (5.3) ends a ProxyCommand at "#", keeps single quotes, takes the next line as
 * the value of a keyword without one, lets "?" match nothing, knows neither `!` in Match nor Include, and runs
 * `nslookup` and the commands of `Match exec`. test/ssh/ssh-config.test.ts compares this reader with `ssh -G`.
 */

/** One option of ssh_config, from a file or from `-o`. */
export interface ConfigLine {
  /** In lower case: `proxyjump`. */
  readonly keyword: string
  /** As written. */
  readonly name: string
  /** The words of its value, without quotes. */
  readonly words: readonly string[]
  /** Its value as written, for options that take a command. */
  readonly text: string
  /** `file:line`, or the variable that has it. */
  readonly at: string
}

/** What the keyword is followed by: spaces, or one "=". */
const LINE = /^[ \t\f]*(?:"([^"]*)"|([^\s"=]+))(?:[ \t]*=[ \t]*|[ \t]+|(?=")|$)(.*)$/s

/**
 * Reads the options of a file of ssh_config, in order, as OpenSSH reads them.
 *
 * @throws {ConnectionConfigError} a line has no value, or an unclosed quote.
 */
export function parseConfigText(text: string, file: string): ConfigLine[] {
  return text.split('\n').flatMap((line, i) => {
    const trimmed = line.replace(/[ \t\r\f]+$/, '')
    return /^[ \t\f]*(?:#|$)/.test(trimmed) ? [] : [parseConfigLine(trimmed, `${file}:${i + 1}`)]
  })
}

/**
 * Reads one option: `Port 22`, `Port=22`.
 *
 * @throws {ConnectionConfigError} as {@link parseConfigText}.
 */
export function parseConfigLine(line: string, at: string): ConfigLine {
  const [, quoted, plain, text = ''] = LINE.exec(line) ?? []
  const name = quoted ?? plain
  if (name === undefined || text === '') {
    throw new ConnectionConfigError(`${at}: cannot read ${JSON.stringify(line.trim())}: write Name value`)
  }
  const keyword = name.toLowerCase()
  return { keyword, name, words: COMMANDS.has(keyword) ? [] : splitValue(text, at), text, at }
}

/** Their value is the rest of the line, as written. */
const COMMANDS = new Set(['proxycommand', 'proxyjump', 'localcommand', 'remotecommand', 'knownhostscommand'])

/** The words of a value. A backslash escapes quotes, itself and spaces; "#" at the start of a word ends the line. */
function splitValue(text: string, at: string): string[] {
  const words: string[] = []
  let rest = text
  for (;;) {
    rest = rest.replace(/^[ \t]+/, '')
    if (rest === '' || rest.startsWith('#')) return words
    const word = WORD.exec(rest)?.[0] ?? ''
    rest = rest.slice(word.length)
    if (rest !== '' && !/^[ \t]/.test(rest)) throw new ConnectionConfigError(`${at}: unclosed quote in: ${text}`)
    words.push(word.replace(PART, unquote))
  }
}

const PART = /"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|\\([\\"' ])/g
const WORD = /^(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\\[\\"' ]|[^ \t"'])+/

function unquote(_part: string, double?: string, single?: string, escaped?: string): string {
  return escaped ?? (double ?? single ?? '').replace(/\\([\\"'])/g, '$1')
}
