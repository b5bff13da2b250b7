import { isIP } from 'node:net'

/** No hyphens at the ends; underscores, which some resolvers accept; a wildcard as the first label. */
const DNS_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Canonical form of a name or address: lower case, compressed IPv6. Undefined if it is neither a DNS name nor an
 * address.
 */
export function canonicalName(name: string): string | undefined {
  if (isIP(name) === 4) return name
  if (isIP(name) === 6) return name.includes('%') ? undefined : new URL(`http://[${name}]`).hostname.slice(1, -1)
  const lower = name.toLowerCase()
  // A name that ends in a number is a mistyped address: 10.77.0.300.
  return DNS_NAME.test(lower) && lower.length <= 253 && !/(^|\.)\d+$/.test(lower) ? lower : undefined
}

/** An entry of subjectAltName. */
export const subjectAltName = (name: string): { readonly kind: 'DNS' | 'IP'; readonly name: string } => ({
  kind: isIP(name) === 0 ? 'DNS' : 'IP',
  name,
})
