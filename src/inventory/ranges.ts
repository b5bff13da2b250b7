import { isIPv6 } from 'node:net'

/** The hosts that one key under `hosts:` stands for. */
export interface HostEntry {
  readonly names: readonly string[]
  /** From `name:2222`. */
  readonly port?: number
}

/** More than this from one key is a slip of the hand (`node[1:99999999]`), and would fill the memory. */
const MOST_HOSTS = 65_536

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Host names become file names, arguments and parts of patterns, so they hold nothing that means something there. */
const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u

/**
 * Reads a key under `hosts:` as Ansible does: `web1`, `web[01:10]`, `rack[a:c]-node[1:9:2]`, `web1:2222`, an address.
 * With several ranges the last one runs fastest. Both ends of a range belong to it.
 *
 * @throws {RangeError} with a message for the user, when it cannot be read so.
 */
export function expandHosts(entry: string): HostEntry {
  const { pattern, port } = splitPort(entry)
  const names = isIPv6(pattern) ? [pattern] : expandRanges(pattern)
  const wrong = names.find((name) => !HOST_NAME.test(name) && !isIPv6(name))
  if (wrong !== undefined) throw new RangeError(explainName(wrong))
  if (port !== undefined && (port < 1 || port > 65_535)) throw new RangeError(`port ${port} is out of 1..65535`)
  return port === undefined ? { names } : { names, port }
}

function splitPort(entry: string): { pattern: string; port?: number } {
  if (isIPv6(entry)) return { pattern: entry }
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry)
  if (bracketed && isIPv6(bracketed[1] ?? '')) return found(bracketed)
  const plain = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(entry)
  return plain ? found(plain) : { pattern: entry }
}

const found = ([, pattern = '', port]: RegExpExecArray) =>
  port === undefined ? { pattern } : { pattern, port: Number(port) }

function expandRanges(pattern: string): string[] {
  // Splitting by an expression with a group leaves the ranges at the odd places.
  return pattern.split(/\[([^\]]*)\]/).reduce<string[]>(
    (heads, part, place) => {
      const tails = place % 2 === 1 ? sequence(part) : [part]
      if (heads.length * tails.length > MOST_HOSTS) throw tooMany(pattern)
      return heads.flatMap((head) => tails.map((tail) => head + tail))
    },
    [''],
  )
}

/** The values of `1:3`, `01:10`, `a:c`, `1:9:2`; an empty begin means 0, as in Ansible. */
function sequence(range: string): string[] {
  const [begin = '', end = '', step = '1', ...more] = range.split(':')
  if (!range.includes(':') || more.length > 0 || !/^\d+$/.test(step)) throw malformed(range)
  if (Number(step) === 0) throw new RangeError(`the step of range [${range}] is 0: it must be at least 1`)
  if (/^[a-z]$/i.test(begin) && /^[a-z]$/i.test(end)) {
    const places = count(range, LETTERS.indexOf(begin), LETTERS.indexOf(end), Number(step))
    return places.map((place) => LETTERS.charAt(place))
  }
  if (!/^\d*$/.test(begin) || !/^\d+$/.test(end)) throw malformed(range)
  const padded = [begin, end].some((bound) => bound.length > 1 && bound.startsWith('0'))
  if (padded && begin.length !== end.length) {
    throw new RangeError(`the ends of range [${range}] have different widths: pad both with zeros alike, as in [01:10]`)
  }
  return count(range, Number(begin), Number(end), Number(step)).map((value) =>
    padded ? String(value).padStart(begin.length, '0') : String(value),
  )
}

function count(range: string, first: number, last: number, step: number): number[] {
  if (first > last) throw new RangeError(`range [${range}] runs backwards: put the lower end first`)
  const length = Math.floor((last - first) / step) + 1
  if (length > MOST_HOSTS) throw tooMany(`[${range}]`)
  return Array.from({ length }, (_, index) => first + index * step)
}

const tooMany = (pattern: string) => new RangeError(`${pattern} stands for more than ${MOST_HOSTS} hosts`)

const malformed = (range: string) =>
  new RangeError(`cannot read range [${range}]: write [begin:end] or [begin:end:step], as in [1:3], [a:c], [1:9:2]`)

function explainName(name: string): string {
  if (name === '') return 'a host name is empty'
  if (/\s/.test(name)) return `"${name}" is not a host name: give each host a line of its own that ends in a colon`
  if (/[[\]]/.test(name)) return `"${name}" is not a host name: a range needs both brackets, as in node[1:3]`
  return (
    `"${name}" is not a host name: use letters, digits, ".", "_" and "-", and begin with a letter or digit; ` +
    'an address goes into ansible_host'
  )
}
