import { isIPv4, isIPv6 } from 'node:net'

/** An address with the length of its network's prefix; without one, that of a single host. */
export interface Network {
  readonly version: 4 | 6
  readonly address: bigint
  readonly prefix: number
}

/** `10.0.0.1`, `10.0.0.1/24`, `10.0.0.1/255.255.255.0`, `2001:db8::/32`; undefined: no address. */
export function parseNetwork(text: string): Network | undefined {
  const [host = '', length, ...more] = text.split('/')
  const version = isIPv4(host) ? 4 : isIPv6(host) && !host.includes('%') ? 6 : undefined
  if (version === undefined || more.length > 0) return undefined
  const bits = version === 4 ? 32 : 128
  const prefix = length === undefined ? bits : prefixOf(length, version)
  return prefix === undefined || prefix > bits ? undefined : { version, address: parseAddress(host, version), prefix }
}

function prefixOf(text: string, version: 4 | 6): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  if (version === 6 || !isIPv4(text)) return undefined
  const [ones = '', zeros] = parseAddress(text, 4)
    .toString(2)
    .padStart(32, '0')
    .split(/(?=0)(.*)/s)
  return zeros === undefined || !zeros.includes('1') ? ones.length : undefined
}

function parseAddress(text: string, version: 4 | 6): bigint {
  if (version === 4) return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted !== null) {
    const low = parseAddress(dotted[2] as string, 4)
    return parseAddress(`${dotted[1] as string}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`, 6)
  }
  const [left = '', right] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [head, tail] = [groups(left), groups(right ?? '')]
  const middle = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...middle, ...tail].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

/** The canonical form of RFC 5952. */
export function formatAddress(address: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const text = groups.join(':')
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].map(([run]) => run)
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return text
  const at = text.search(new RegExp(`(?:^|(?<=:))${longest}(?=:|$)`))
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`
}
