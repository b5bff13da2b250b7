import { isIP } from 'node:net'

/** Hyphens not at the ends; an underscore, as some resolvers take it; a star in place of the first part. */
const DNS_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * A name or address in the one form that it is compared and written in: small letters, an IPv6 address without what can
 * be left out. Undefined: it is neither a DNS name nor an address.
 */
export function canonicalName(name: string): string | undefined {
  if (isIP(name) === 4) return name
  if (isIP(name) === 6) return name.includes('%') ? undefined : new URL(`http://[${name}]`).hostname.slice(1, -1)
  const small = name.toLowerCase()
  // What ends in a number was meant for an address: 10.77.0.300.
  return DNS_NAME.test(small) && small.length <= 253 && !/(^|\.)\d+$/.test(small) ? small : undefined
}

/** As a certificate holds it: its own kind, and what it is. */
export const subjectAltName = (name: string): { readonly kind: 'DNS' | 'IP'; readonly name: string } => ({
  kind: isIP(name) === 0 ? 'DNS' : 'IP',
  name,
})
