import { createHmac } from 'node:crypto'

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly revoked: boolean
  /** `*.example.org,!bad.example.org,[node1]:2222` or `|1|salt|hash`. */
  readonly hosts: string
  /** `ssh-ed25519` */
  readonly type: string
  /** The key in base64. */
  readonly key: string
  /** `file:line` */
  readonly at: string
}

/** A server's key as it is written in known_hosts. */
export interface HostKey {
  readonly type: string
  readonly key: string
}

export type Verdict =
  | { readonly is: 'known' }
  | { readonly is: 'unknown'; readonly otherTypes: readonly string[] }
  | { readonly is: 'changed' | 'revoked'; readonly at: string }

/**
 * Reads a known_hosts file. Lines for certificate authorities are left out: certificates of hosts are not supported.
 */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, i) => {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined
    const [hosts, type, key] = words
    if (hosts === undefined || hosts.startsWith('#') || type === undefined || key === undefined) return []
    if (marker !== undefined && marker !== '@revoked') return []
    return [{ revoked: marker !== undefined, hosts, type, key, at: `${file}:${i + 1}` }]
  })
}

/** What the files say about the key a server showed. A key that is revoked anywhere is refused, as by ssh. */
export function judgeHostKey(known: readonly KnownHost[], address: string, port: number, shown: HostKey): Verdict {
  const same = (entry: KnownHost): boolean => entry.type === shown.type && entry.key === shown.key
  const ofHost = entriesFor(known, address, port)
  const revoked = ofHost.find((entry) => entry.revoked && same(entry))
  if (revoked !== undefined) return { is: 'revoked', at: revoked.at }
  const valid = ofHost.filter((entry) => !entry.revoked)
  if (valid.some(same)) return { is: 'known' }
  const changed = valid.find((entry) => entry.type === shown.type)
  if (changed !== undefined) return { is: 'changed', at: changed.at }
  // A line without the port vouches for the key on any port, as with ssh.
  if (port !== 22 && judgeHostKey(known, address, 22, shown).is === 'known') return { is: 'known' }
  return { is: 'unknown', otherTypes: [...new Set(valid.map((entry) => entry.type))] }
}

/** The types of keys that are known for a host: those to ask the server for. */
export const knownKeyTypes = (known: readonly KnownHost[], address: string, port: number): string[] => [
  ...new Set(
    [...entriesFor(known, address, port), ...entriesFor(known, address, 22)]
      .filter((entry) => !entry.revoked)
      .map((entry) => entry.type),
  ),
]

/** How known_hosts names a host. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`

function entriesFor(known: readonly KnownHost[], address: string, port: number): KnownHost[] {
  const name = knownHostName(address, port)
  return known.filter(({ hosts }) => (hosts.startsWith('|') ? isHashOf(hosts, name) : matches(hosts, name)))
}

function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split('|')
  if (version !== '1' || salt === undefined) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

function matches(patterns: string, name: string): boolean {
  const fits = (pattern: string): boolean => wildcard(pattern).test(name)
  const all = patterns.toLowerCase().split(',')
  const [refused, wanted] = [all.filter((p) => p.startsWith('!')), all.filter((p) => !p.startsWith('!'))]
  return wanted.some(fits) && !refused.some((pattern) => fits(pattern.slice(1)))
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
