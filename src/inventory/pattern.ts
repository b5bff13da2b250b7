import { isIPv6 } from 'node:net'
import { PatternError } from './errors.ts'
import { globToRegExp } from './glob.ts'
import type { Inventory } from './inventory.ts'
import { didYouMean, nearest } from './nearest.ts'

/**
 * The hosts that a pattern names, as Ansible reads it: parts joined by `,` or `:`, each a host, a group, a glob
 * (`web*`), a regular expression from the name's start (`~web\d`), or one of the first three with a subscript
 * (`web[0]`, `web[-1]`, `web[0:2]` with both ends, `web[1:]`). First all plain parts are joined, then each `&part`
 * keeps what is also in it, then each `!part` takes its hosts away, wherever they stand. Without a plain part they work
 * on `all`. Where there is a comma, colons do not part, so that IPv6 addresses stay whole.
 *
 * @param ignored - gets, as Ansible's warning, each part that names nothing in the inventory, and the part counts as no
 *   host. Without it
 * such a part is an error.
 * @returns names without duplicates, in the order of the parts; none where the parts exist but leave none
 * @throws {PatternError} a part names nothing that is in the inventory, or cannot be read.
 */
export function selectHosts(inventory: Inventory, pattern: string, ignored?: (warning: string) => void): string[] {
  const parts = splitPattern(pattern)
  if (parts.length === 0) throw new PatternError('the host pattern is empty: name hosts or groups, or "all"')
  const excluded = parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1))
  const required = parts.filter((part) => part.startsWith('&')).map((part) => part.slice(1))
  const plain = parts.filter((part) => !/^[!&]/.test(part))
  const match = (part: string) => matchPart(inventory, part, pattern, ignored)

  let hosts = new Set((plain.length > 0 ? plain : ['all']).flatMap(match))
  for (const matched of required.map(match)) {
    const keep = new Set(matched)
    hosts = new Set([...hosts].filter((host) => keep.has(host)))
  }
  for (const host of excluded.flatMap(match)) hosts.delete(host)
  return [...hosts]
}

/**
 * What `--limit` leaves of some hosts, in their order.
 *
 * @throws {PatternError} when it leaves none, and as {@link selectHosts}.
 */
export function limitHosts(inventory: Inventory, hosts: readonly string[], limit: string): string[] {
  const allowed = new Set(selectHosts(inventory, limit))
  const left = hosts.filter((host) => allowed.has(host))
  if (left.length > 0) return left
  const more = hosts.length > 8 ? ` and ${hosts.length - 8} more` : ''
  throw new PatternError(`--limit "${limit}" leaves no host of ${hosts.slice(0, 8).join(', ') || 'none'}${more}`)
}

function splitPattern(pattern: string): string[] {
  return split(pattern)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function split(pattern: string): string[] {
  if (pattern.includes(',')) return pattern.split(',')
  if (isIPv6(pattern.trim().replace(/^[!&]/, ''))) return [pattern]
  return pattern.match(/(?:[^:[\]]|\[[^\]]*\]|[[\]])+/g) ?? []
}

function matchPart(
  inventory: Inventory,
  part: string,
  pattern: string,
  ignored?: (warning: string) => void,
): readonly string[] {
  if (inventory.hosts.has(part)) return [part]
  const { name, pick } = splitSubscript(part, pattern)
  const matched = matchName(inventory, name, part, pattern)
  if (matched !== undefined && (pick === undefined || pick(matched).length > 0)) return pick?.(matched) ?? matched
  const size = matched?.length === 1 ? '1 host' : `${matched?.length ?? 0} hosts`
  const reason = matched === undefined ? hintFor(inventory, name, part) : `${name} has ${size}`
  if (ignored !== undefined) {
    ignored(`Could not match supplied host pattern, ignoring: ${part} (${reason})`)
    return []
  }
  throw new PatternError(
    matched === undefined
      ? `no host or group in the inventory matches ${quote(part, pattern)}: ${reason}`
      : `${quote(part, pattern)} is outside of ${name}, which has ${size}`,
  )
}

type Pick = (hosts: readonly string[]) => string[]

function splitSubscript(part: string, pattern: string): { name: string; pick?: Pick } {
  if (part.startsWith('~')) return { name: part }
  const [, name = '', index, from = '', to = ''] = /^(.+)\[(?:(-?\d+)|(\d+):(\d*))\]$/.exec(part) ?? []
  if (name === '') {
    const dashed = /^(.+)\[(\d+)-(\d+)\]$/.exec(part)
    if (!dashed) return { name: part }
    const [, base, first, last] = dashed
    throw new PatternError(
      `${quote(part, pattern)} can be read in two ways: write ${base}[${first}:${last}] for places in a group, ` +
        `or ~${base}[${first}-${last}]$ for a digit in a name`,
    )
  }
  if (index !== undefined) return { name, pick: (hosts) => at(hosts, Number(index)) }
  return { name, pick: (hosts) => hosts.slice(Number(from), to === '' ? undefined : Number(to) + 1) }
}

function at(hosts: readonly string[], index: number): string[] {
  const host = hosts.at(index)
  return host === undefined ? [] : [host]
}

/** Undefined: no host and no group is so named. A group without hosts gives none. */
function matchName(
  { groups, hosts }: Inventory,
  name: string,
  part: string,
  pattern: string,
): readonly string[] | undefined {
  if (!/^~|[*?[]/.test(name)) return groups.get(name)?.hosts ?? (hosts.has(name) ? [name] : undefined)
  const expression = toRegExp(name, part, pattern)
  const matchingGroups = [...groups.values()].filter((group) => expression.test(group.name))
  const matchingHosts = [...hosts.keys()].filter((host) => expression.test(host))
  if (matchingGroups.length + matchingHosts.length === 0) return undefined
  return [...new Set([...matchingGroups.flatMap((group) => group.hosts), ...matchingHosts])]
}

function toRegExp(name: string, part: string, pattern: string): RegExp {
  try {
    return name.startsWith('~') ? new RegExp(`^(?:${name.slice(1)})`) : globToRegExp(name)
  } catch (error) {
    throw new PatternError(`${quote(part, pattern)} cannot be read as a pattern: ${(error as Error).message}`)
  }
}

function hintFor({ groups, hosts }: Inventory, name: string, part: string): string {
  if (part.includes(':')) return 'where there is a comma, colons do not part: use commas throughout'
  return (
    didYouMean(nearest(name, [...groups.keys(), ...hosts.keys()])) ?? `the groups are ${[...groups.keys()].join(', ')}`
  )
}

const quote = (part: string, pattern: string) => (part === pattern ? `"${part}"` : `"${part}" (in "${pattern}")`)
