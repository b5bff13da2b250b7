import { isIPv6 } from '../values/ipv6.ts'

/** The hosts of one key under `hosts:`. */
export interface HostEntry {
  readonly names: readonly string[]
  /** From `name:2222`. */
  readonly port?: number
}

/** More hosts from one key are a typo (`node[1:99999999]`), and would exhaust memory. */
const MAX_HOSTS = 65_536

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Host names are used in file names, arguments and patterns, so they contain no characters special there. */
const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u

/**
 * Expands a key under `hosts:` as Ansible does: `web1`, `web[01:10]`, `rack[a:c]-node[1:9:2]`, `web1:2222`, an address.
 * With several ranges the last one varies fastest. Ranges include both ends.
 *
 * @throws {RangeError} with a message for the user, if the key is invalid.
 */
export function expandHosts(entry: string): HostEntry {
  const { pattern, port } = splitPort(entry)
  const names = isIPv6(pattern) ? [pattern] : expandRanges(pattern)
  const invalid = names.find((name) => !HOST_NAME.test(name) && !isIPv6(name))
  if (invalid !== undefined) throw new RangeError(explainName(invalid))
  if (port !== undefined && (port < 1 || port > 65_535)) throw new RangeError(`port ${port} is not in 1..65535`)
  return port === undefined ? { names } : { names, port }
}

function splitPort(entry: string): { pattern: string; port?: number } {
  if (isIPv6(entry)) return { pattern: entry }
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
  if (bracketed && isIPv6(bracketed[1] ?? '')) return toEntry(bracketed)
  const plain = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(entry)
  return plain ? toEntry(plain) : { pattern: entry }
}

const toEntry = ([, pattern = '', port]: RegExpExecArray) =>
  port === undefined ? { pattern } : { pattern, port: Number(port) }

function expandRanges(pattern: string): string[] {
  // split() with a capturing group puts the ranges at odd indexes.
  return pattern.split(/\[([^\]]*)\]/).reduce<string[]>(
    (heads, part, index) => {
      const tails = index % 2 === 1 ? sequence(part) : [part]
      if (heads.length * tails.length > MAX_HOSTS) throw tooMany(pattern)
      return heads.flatMap((head) => tails.map((tail) => head + tail))
    },
    [''],
  )
}

/** The values of `1:3`, `01:10`, `a:c`, `1:9:2`; an empty begin is 0, as in Ansible. */
function sequence(range: string): string[] {
  const [begin = '', end = '', step = '1', ...more] = range.split(':')
  if (!range.includes(':') || more.length > 0 || !/^\d+$/.test(step)) throw malformed(range)
  if (Number(step) === 0) throw new RangeError(`step of range [${range}] is 0: it must be at least 1`)
  if (/^[a-z]$/i.test(begin) && /^[a-z]$/i.test(end)) {
    const indexes = steppedNumbers(range, LETTERS.indexOf(begin), LETTERS.indexOf(end), Number(step))
    return indexes.map((index) => LETTERS.charAt(index))
  }
  if (!/^\d*$/.test(begin) || !/^\d+$/.test(end)) throw malformed(range)
  const padded = [begin, end].some((bound) => bound.length > 1 && bound.startsWith('0'))
  if (padded && begin.length !== end.length) {
    throw new RangeError(`the ends of range [${range}] have different widths: pad both with zeros, as in [01:10]`)
  }
  return steppedNumbers(range, Number(begin), Number(end), Number(step)).map((value) =>
    padded ? String(value).padStart(begin.length, '0') : String(value),
  )
}

function steppedNumbers(range: string, first: number, last: number, step: number): number[] {
  if (first > last) throw new RangeError(`range [${range}] is reversed: put the lower end first`)
  const length = Math.floor((last - first) / step) + 1
  if (length > MAX_HOSTS) throw tooMany(`[${range}]`)
  return Array.from({ length }, (_, index) => first + index * step)
}

const tooMany = (pattern: string) => new RangeError(`${pattern} expands to more than ${MAX_HOSTS} hosts`)

const malformed = (range: string) =>
  new RangeError(`invalid range [${range}]: write [begin:end] or [begin:end:step], as in [1:3], [a:c], [1:9:2]`)

function explainName(name: string): string {
  if (name === '') return 'a host name is empty'
  if (/\s/.test(name)) return `"${name}" is not a host name: put each host on its own line, followed by a colon`
  if (/[[\]]/.test(name)) return `"${name}" is not a host name: close the bracket of the range, as in node[1:3]`
  return (
    `"${name}" is not a host name: use letters, digits, ".", "_" and "-", and start with a letter or digit; ` +
    'set an address with ansible_host'
  )
}
