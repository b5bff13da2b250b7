import { PatternError } from './errors.ts'
import { globToRegExp } from './glob.ts'
import type { Inventory } from './inventory.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import { isIPv6 } from '../values/ipv6.ts'

/**
 * Selects hosts by a pattern in Ansible's syntax: terms separated by `,` or `:`, each a host, a group, a glob (`web*`),
 * a regular expression anchored at the start (`~web\d`), or one of the first three with a subscript (`web[0]`,
 * `web[-1]`, `web[0:2]` including both ends, `web[1:]`). Plain terms are a union; then each `&term` intersects and each
 * `!term` excludes, in any position. Without a plain term they apply to `all`. In a pattern with a comma, colons do not
 * separate, so that IPv6 addresses can be used. The implicit localhost matches its name only.
 *
 * @param ignored - receives Ansible's warning for each term that matches nothing; the term is then ignored. Without it
 *   such a term is an error.
 * @returns names without duplicates, in the order of the terms; may be empty.
 * @throws {PatternError} a term is invalid, or matches nothing in the inventory.
 */
export function selectHosts(inventory: Inventory, pattern: string, ignored?: (warning: string) => void): string[] {
  const terms = splitPattern(pattern)
  if (terms.length === 0) throw new PatternError('the host pattern is empty: specify hosts or groups, or "all"')
  const excluded = terms.filter((term) => term.startsWith('!')).map((term) => term.slice(1))
  const required = terms.filter((term) => term.startsWith('&')).map((term) => term.slice(1))
  const plain = terms.filter((term) => !/^[!&]/.test(term))
  const match = (term: string) => matchTerm(inventory, term, pattern, ignored)

  let hosts = new Set((plain.length > 0 ? plain : ['all']).flatMap(match))
  for (const matched of required.map(match)) {
    const keep = new Set(matched)
    hosts = new Set([...hosts].filter((host) => keep.has(host)))
  }
  for (const host of excluded.flatMap(match)) hosts.delete(host)
  return [...hosts]
}

/**
 * Applies `--limit` to hosts, keeping their order.
 *
 * @throws {PatternError} no host is left, and as {@link selectHosts}.
 */
export function limitHosts(inventory: Inventory, hosts: readonly string[], limit: string): string[] {
  const allowed = new Set(selectHosts(inventory, limit))
  const limited = hosts.filter((host) => allowed.has(host))
  if (limited.length > 0) return limited
  const more = hosts.length > 8 ? ` and ${hosts.length - 8} more` : ''
  throw new PatternError(
    `--limit "${limit}" matches none of the hosts ${hosts.slice(0, 8).join(', ') || '(none)'}${more}`,
  )
}

function splitPattern(pattern: string): string[] {
  return split(pattern)
    .map((term) => term.trim())
    .filter((term) => term !== '')
}

function split(pattern: string): string[] {
  if (pattern.includes(',')) return pattern.split(',')
  if (isIPv6(pattern.trim().replace(/^[!&]/, ''))) return [pattern]
  return pattern.match(/(?:[^:[\]]|\[[^\]]*\]|[[\]])+/g) ?? []
}

function matchTerm(
  inventory: Inventory,
  term: string,
  pattern: string,
  ignored?: (warning: string) => void,
): readonly string[] {
  if (inventory.hosts.has(term)) return [term]
  const { name, pick } = splitSubscript(term, pattern)
  const matched = matchName(inventory, name, term, pattern)
  const picked = pick === undefined ? matched : matched && pick.from(matched)
  if (picked !== undefined && (pick === undefined || picked.length > 0)) return picked
  const size = matched?.length === 1 ? '1 host' : `${matched?.length ?? 0} hosts`
  const reason = matched === undefined ? hintFor(inventory, name, term) : `${name} has ${size}`
  // As in Ansible, an index of a group with hosts must exist.
  const isError = ignored === undefined || (pick?.isIndex === true && (matched ?? []).length > 0)
  if (!isError) {
    ignored(`Could not match supplied host pattern, ignoring: ${term} (${reason})`)
    return []
  }
  throw new PatternError(
    matched === undefined
      ? `no host or group in the inventory matches ${quote(term, pattern)}: ${reason}`
      : `${quote(term, pattern)} is out of range: ${name} has ${size}`,
  )
}

interface Pick {
  readonly isIndex: boolean
  readonly from: (hosts: readonly string[]) => string[]
}

function splitSubscript(term: string, pattern: string): { name: string; pick?: Pick } {
  if (term.startsWith('~')) return { name: term }
  const [, name = '', index, from = '', to = ''] = /^(.+)\[(?:(-?\d+)|(\d+):(\d*))\]$/.exec(term) ?? []
  if (name === '') {
    const dashed = /^(.+)\[(\d+)-(\d+)\]$/.exec(term)
    if (!dashed) return { name: term }
    const [, base, first, last] = dashed
    throw new PatternError(
      `${quote(term, pattern)} is ambiguous: write ${base}[${first}:${last}] for a slice of a group, ` +
        `or ~${base}[${first}-${last}]$ for a digit in a name`,
    )
  }
  if (index !== undefined) return { name, pick: { isIndex: true, from: (hosts) => at(hosts, Number(index)) } }
  const until = to === '' ? undefined : Number(to) + 1
  return { name, pick: { isIndex: false, from: (hosts) => hosts.slice(Number(from), until) } }
}

function at(hosts: readonly string[], index: number): string[] {
  const host = hosts.at(index)
  return host === undefined ? [] : [host]
}

/** Undefined if no host or group matches; an empty group matches with no hosts. */
function matchName(
  { groups, hosts }: Inventory,
  name: string,
  term: string,
  pattern: string,
): readonly string[] | undefined {
  if (!/^~|[*?[]/.test(name)) return groups.get(name)?.hosts ?? (hosts.has(name) ? [name] : undefined)
  const expression = toRegExp(name, term, pattern)
  const matchingGroups = [...groups.values()].filter((group) => expression.test(group.name))
  const matchingHosts = [...hosts.values()]
    .filter((host) => host.implicit !== true && expression.test(host.name))
    .map((host) => host.name)
  if (matchingGroups.length + matchingHosts.length === 0) return undefined
  return [...new Set([...matchingGroups.flatMap((group) => group.hosts), ...matchingHosts])]
}

function toRegExp(name: string, term: string, pattern: string): RegExp {
  try {
    return name.startsWith('~') ? pythonExpression(name.slice(1)) : globToRegExp(name)
  } catch (error) {
    throw new PatternError(`${quote(term, pattern)} is not a valid pattern: ${(error as Error).message}`)
  }
}

/** Anchored at the start. JavaScript has no `(?i)`, and would take `\A` and `\Z` for letters. */
function pythonExpression(expression: string): RegExp {
  const isCaseless = expression.startsWith('(?i)')
  const source = (isCaseless ? expression.slice('(?i)'.length) : expression).replaceAll(/\\(.)/g, (escape, letter) =>
    letter === 'A' ? '^' : letter === 'Z' ? '$' : escape,
  )
  return new RegExp(`^(?:${source})`, isCaseless ? 'i' : '')
}

function hintFor({ groups, hosts }: Inventory, name: string, term: string): string {
  if (term.includes(':')) return 'colons do not separate in a pattern with a comma: use commas throughout'
  return (
    didYouMean(nearest(name, [...groups.keys(), ...hosts.keys()])) ?? `the groups are ${[...groups.keys()].join(', ')}`
  )
}

const quote = (term: string, pattern: string) => (term === pattern ? `"${term}"` : `"${term}" (in "${pattern}")`)
