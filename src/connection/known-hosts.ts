import { createHmac } from 'node:crypto'

/** One line of a known_hosts file. */
export interface KnownHostEntry {
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

/** A server's key in known_hosts format. */
export interface HostKey {
  readonly type: string
  readonly key: string
}

export type HostKeyStatus =
  | { readonly status: 'known' }
  | { readonly status: 'unknown'; readonly otherTypes: readonly string[] }
  | { readonly status: 'changed' | 'revoked'; readonly location: string }

/** Parses a known_hosts file. `@cert-authority` lines are ignored: host certificates are not supported. */
export function parseKnownHosts(text: string, file: string): KnownHostEntry[] {
  return text.split('\n').flatMap((line, i) => {
    const fields = line.trim().split(/\s+/)
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
    const [hosts, type, key] = fields
    if (hosts === undefined || hosts.startsWith('#') || type === undefined || key === undefined) return []
    if (marker !== undefined && marker !== '@revoked') return []
    return [{ revoked: marker !== undefined, hosts, type, key, at: `${file}:${i + 1}` }]
  })
}

/** Looks up the key that a server offered. A key revoked in any file is rejected, as by ssh. */
export function checkHostKey(
  known: readonly KnownHostEntry[],
  address: string,
  port: number,
  offered: HostKey,
): HostKeyStatus {
  const same = (entry: KnownHostEntry): boolean => entry.type === offered.type && entry.key === offered.key
  const ofHost = entriesFor(known, address, port)
  const revoked = ofHost.find((entry) => entry.revoked && same(entry))
  if (revoked !== undefined) return { status: 'revoked', location: revoked.at }
  const valid = ofHost.filter((entry) => !entry.revoked)
  if (valid.some(same)) return { status: 'known' }
  const changed = valid.find((entry) => entry.type === offered.type)
  if (changed !== undefined) return { status: 'changed', location: changed.at }
  // An entry without a port is valid for any port, as with ssh.
  if (port !== 22 && checkHostKey(known, address, 22, offered).status === 'known') return { status: 'known' }
  return { status: 'unknown', otherTypes: [...new Set(valid.map((entry) => entry.type))] }
}

/** The key types known for a host: those to request from the server. */
export const knownKeyTypes = (known: readonly KnownHostEntry[], address: string, port: number): string[] => [
  ...new Set(
    [...entriesFor(known, address, port), ...entriesFor(known, address, 22)]
      .filter((entry) => !entry.revoked)
      .map((entry) => entry.type),
  ),
]

/** A host's name in known_hosts. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`

function entriesFor(known: readonly KnownHostEntry[], address: string, port: number): KnownHostEntry[] {
  const name = knownHostName(address, port)
  return known.filter(({ hosts }) => (hosts.startsWith('|') ? isHashOf(hosts, name) : matches(hosts, name)))
}

function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split('|')
  if (version !== '1' || salt === undefined) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

function matches(patterns: string, name: string): boolean {
  const test = (pattern: string): boolean => wildcard(pattern).test(name)
  const all = patterns.toLowerCase().split(',')
  const [negated, positive] = [all.filter((p) => p.startsWith('!')), all.filter((p) => !p.startsWith('!'))]
  return positive.some(test) && !negated.some((pattern) => test(pattern.slice(1)))
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
