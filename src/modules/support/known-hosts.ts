import { createHash, createHmac } from 'node:crypto'

/** Parameters of `known_hosts`. */
export interface KnownHostEdit {
  readonly name: string
  readonly key?: string | undefined
  readonly state: 'present' | 'absent'
  readonly hash_host: boolean
}

/** An entry of known_hosts. */
interface Entry {
  /** `@cert-authority` or `@revoked`. */
  readonly marker: string
  readonly hosts: string
  readonly type: string
  readonly key: string
}

/** The entry in a line; undefined: it has none. */
export function knownHostIn(line: string): Entry | undefined {
  const words = line.trim().split(/\s+/)
  if (words[0]?.startsWith('#')) return undefined
  const marker = words[0]?.startsWith('@') ? (words.shift() as string) : ''
  const [hosts, type, key] = words
  return hosts === undefined || type === undefined || key === undefined ? undefined : { marker, hosts, type, key }
}

/** Whether the hosts of an entry name a host, as `ssh-keygen -F` matches them: with wildcards, `!` and hashes. */
export function namesHost(hosts: string, name: string): boolean {
  const host = name.toLowerCase()
  if (hosts.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = hosts.split('|')
    return hashOf(host, Buffer.from(salt, 'base64')) === hash
  }
  let found = false
  for (const pattern of hosts.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!')
    if (!wildcard(isNegated ? pattern.slice(1) : pattern).test(host)) continue
    if (isNegated) return false
    found = true
  }
  return found
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )

const hashOf = (host: string, salt: Buffer): string => createHmac('sha1', salt).update(host).digest('base64')

/**
 * A line with its hosts replaced by the hash of one. The salt comes from host and key, not from chance: a plan is the
 * same each time. It differs from key to key, so that hashes cannot be computed in advance.
 */
function withHashedHost(line: string, name: string): string {
  const host = name.toLowerCase()
  const words = line.trim().split(/\s+/)
  const salt = createHash('sha1')
    .update(`${host}\n${words.join(' ')}`)
    .digest()
  const at = words[0]?.startsWith('@') ? 1 : 0
  return words.with(at, `|1|${salt.toString('base64')}|${hashOf(host, salt)}`).join(' ')
}

/** Edits the text of a known_hosts file as Ansible's known_hosts does; returns the same text if nothing changes. */
export function editKnownHosts(text: string, { name, key, state, hash_host }: KnownHostEdit): string {
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
  const matching = lines.flatMap((line, at) => {
    const entry = knownHostIn(line)
    return entry !== undefined && namesHost(entry.hosts, name) ? [{ at, entry }] : []
  })
  if (key === undefined) {
    const removed = new Set(matching.filter(({ entry }) => entry.marker === '').map(({ at }) => at))
    return lines.filter((_, at) => !removed.has(at)).join('')
  }
  const added = (hash_host ? withHashedHost(key, name) : key).replace(/\n?$/, '\n')
  const found = findKey(matching, knownHostIn(added) as Entry)
  if (state === 'absent') return found === undefined ? text : lines.toSpliced(found.at, 1).join('')
  if (found?.isSame) return text
  if (found !== undefined) lines.splice(found.at, 1)
  const rest = lines.join('')
  return `${rest === '' || rest.endsWith('\n') ? rest : `${rest}\n`}${added}`
}

/** The entry that a key is equal to, or is to replace: the first one of its type. */
function findKey(
  matching: readonly { readonly at: number; readonly entry: Entry }[],
  wanted: Entry,
): { readonly at: number; readonly isSame: boolean } | undefined {
  let { hosts } = wanted
  for (const { at, entry } of matching) {
    const isPlain = entry.marker === ''
    // A host that is hashed stays so.
    if (isPlain && hosts.startsWith('|1|') && entry.hosts.startsWith('|1|')) hosts = entry.hosts
    const isSame =
      entry.marker === wanted.marker && entry.hosts === hosts && entry.type === wanted.type && entry.key === wanted.key
    if (isSame) return { at, isSame }
    if (isPlain && entry.type === wanted.type) return { at, isSame }
  }
  return undefined
}
