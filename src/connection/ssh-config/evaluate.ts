import { localUser } from '../local-user.ts'
import { isIPv6 } from '../../values/ipv6.ts'
import { ConnectionConfigError } from '../config-error.ts'
import { type ConfigFile, includedFiles, readConfigFile } from './files.ts'
import type { ConfigLine } from './lines.ts'
import { matchesPattern, matchesPatterns } from './patterns.ts'
import { expandTokens } from './tokens.ts'

/** The options that apply to a host, by keyword. Of `IdentityFile` and `CertificateFile` all count, else the first. */
export type ActiveOptions = ReadonlyMap<string, readonly ConfigLine[]>

/** Options whose values add up. */
const REPEATABLE = new Set(['identityfile', 'certificatefile'])

/** `ProxyJump` and `ProxyCommand` exclude each other: the first one counts. */
const PROXY = new Set(['proxyjump', 'proxycommand'])

const MAX_INCLUDES = 16

/**
 * Selects the options for a host as `ssh` does.
 *
 * @param host - as given to ssh, before `HostName`.
 * @param first - options before those of the files: arguments, for example.
 * @throws {ConnectionConfigError} a file is invalid, or needs what Labbook does not support.
 */
export function evaluateConfig(
  host: string,
  first: readonly ConfigLine[],
  files: readonly ConfigFile[],
): ActiveOptions {
  const evaluation = new Evaluation(host)
  for (const line of first) evaluation.add(line)
  const evaluateFiles = (): void => {
    for (const file of files) evaluation.read(file, true)
  }
  evaluateFiles()
  if (evaluation.wantsFinalPass) {
    evaluation.startFinalPass()
    evaluateFiles()
  }
  return evaluation.options
}

class Evaluation {
  readonly options = new Map<string, ConfigLine[]>()
  wantsFinalPass = false
  readonly #original: string
  /** What `Host` is compared with. */
  #host: string
  #isFinal = false

  constructor(host: string) {
    this.#original = host
    this.#host = host
  }

  startFinalPass(): void {
    this.#isFinal = true
    const name = this.#hostName()
    this.#host = isIPv6(name) ? name : name.toLowerCase()
    // ssh has resolved the name by then: a HostName of the final pass has no effect.
    const text = this.#host.replaceAll('%', '%%')
    if (!this.options.has('hostname')) {
      this.options.set('hostname', [{ keyword: 'hostname', name: 'HostName', words: [text], text, at: '' }])
    }
  }

  add(line: ConfigLine): void {
    if (line.keyword === 'connecttimeout' && line.words[0] === 'none') return
    const key = PROXY.has(line.keyword) ? 'proxy' : line.keyword
    const known = this.options.get(key)
    if (known === undefined || (line.keyword === 'proxycommand' && isNoJump(known))) this.options.set(key, [line])
    else if (REPEATABLE.has(key) && !known.some(({ words }) => words[0] === line.words[0])) known.push(line)
  }

  /**
   * Reads a file.
   *
   * @param isActive - whether its first lines apply: those of a file included in a `Host` block may not.
   */
  read(file: ConfigFile, isActive: boolean, depth = 0): void {
    const never = !isActive
    let active = isActive
    for (const line of readConfigFile(file)) {
      if (line.keyword === 'host') active = !never && this.#matchesHost(line)
      else if (line.keyword === 'match') active = this.#matches(line, isActive)
      else if (line.keyword === 'include') {
        if (depth === MAX_INCLUDES) throw new ConnectionConfigError(`${line.at}: too many nested Include files`)
        for (const pattern of line.words) {
          for (const each of includedFiles(pattern, file, line.at)) this.read(each, active, depth + 1)
        }
      } else if (active) this.add(line)
    }
  }

  #matchesHost({ words }: ConfigLine): boolean {
    let matches = false
    for (const word of words) {
      const isNegated = word.startsWith('!')
      if (!matchesPattern(this.#host, isNegated ? word.slice(1) : word)) continue
      if (isNegated) return false
      matches = true
    }
    return matches
  }

  /** `isReached`: whether the block may apply at all; `Match final` counts even if it may not. */
  #matches(line: ConfigLine, isReached: boolean): boolean {
    const words = [...line.words].flatMap((word) => splitAssignment(word))
    let result = isReached
    for (let count = 0; words.length > 0; count++) {
      const word = words.shift() ?? ''
      const isNegated = word.startsWith('!')
      const criterion = (isNegated ? word.slice(1) : word).toLowerCase()
      if (criterion === 'all') {
        if (count > 0 || words.length > 0) throw invalidMatch(line, '"all" cannot be combined with other criteria')
        return isReached && !isNegated
      }
      if (criterion === 'final' || criterion === 'canonical') {
        if (criterion === 'final') this.wantsFinalPass = true
        if (this.#isFinal === isNegated) result = false
        continue
      }
      const value = words.shift()
      if (value === undefined) throw invalidMatch(line, `"${criterion}" has no value`)
      const matched = this.#criterion(criterion, value, line, result)
      if (matched === isNegated) result = false
    }
    return result
  }

  #criterion(criterion: string, value: string, line: ConfigLine, isOpen: boolean): boolean {
    const patterns = value.split(',')
    const lower = patterns.map((pattern) => pattern.toLowerCase())
    switch (criterion) {
      case 'host':
        return matchesPatterns(this.#hostName().toLowerCase(), lower)
      case 'originalhost':
        return matchesPatterns(this.#original.toLowerCase(), lower)
      case 'user':
        return matchesPatterns(this.options.get('user')?.[0]?.words[0] ?? localUser().username, patterns)
      case 'localuser':
        return matchesPatterns(localUser().username, patterns)
      default:
        // ssh evaluates the others only if those before match.
        if (!isOpen) return false
        throw invalidMatch(
          line,
          `"${criterion}" is not supported: use host, originalhost, user, localuser, final or all, or name another ` +
            'file with -F in ansible_ssh_common_args',
        )
    }
  }

  /** What the host is called so far. */
  #hostName(): string {
    const line = this.options.get('hostname')?.[0]
    return line?.words[0] === undefined ? this.#original : expandTokens(line.words[0], { h: this.#original }, line)
  }
}

/** `ProxyJump none` excludes other jump hosts, but no command. */
const isNoJump = ([line]: readonly ConfigLine[]): boolean =>
  line?.keyword === 'proxyjump' && /^none\s*(?:#|$)/i.test(line.text)

/** `user=admin` is `user admin`. */
const splitAssignment = (word: string): string[] => {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)].filter((part) => part !== '')
}

const invalidMatch = ({ at }: ConfigLine, why: string): ConnectionConfigError =>
  new ConnectionConfigError(`${at}: Match: ${why}`)
