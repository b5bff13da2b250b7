import { asInt, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { toText } from '../text.ts'
import { isInteger, isTrue, toInt } from '../values.ts'
import { formatAddress, parseNetwork, type Network } from './ip.ts'

/** What a query returns; null: it does not fit the value. */
type Query = (network: Network, text: string) => unknown

const bits = ({ version }: Network): number => (version === 4 ? 32 : 128)
const size = (network: Network): bigint => 1n << BigInt(bits(network) - network.prefix)
const mask = (network: Network): bigint => (1n << BigInt(bits(network))) - size(network)
const base = (network: Network): bigint => network.address & mask(network)
const last = (network: Network): bigint => base(network) + size(network) - 1n
const show = (network: Network, address: bigint): string => formatAddress(address, network.version)
const withPrefix = (network: Network, address: bigint): string => `${show(network, address)}/${network.prefix}`
const isBase = (network: Network): boolean => network.address === base(network)
/** Networks of one or two addresses have no broadcast address, and in IPv6 each address is one of a host. */
const hasBroadcast = (network: Network): boolean => size(network) > 2n

const network4 = (text: string): Network => parseNetwork(text) as Network
const PRIVATE = ['10.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(network4)
/** Ranges of which versions of Python's libraries disagree. */
const SPECIAL = ['0.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24']
  .concat('198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3')
  .map(network4)

const inside = (network: Network, other: Network): boolean =>
  network.version === other.version && base(network) >= base(other) && last(network) <= last(other)

const within = (network: Network, others: readonly Network[]): boolean =>
  others.some((other) => inside({ ...network, prefix: bits(network) }, other))

const onlyVersion4 = (network: Network, query: string): void => {
  if (network.version === 6) fail(`"ipaddr" does not support the query "${query}" of an IPv6 address`)
}

function isPrivate(network: Network): boolean {
  if (within(network, PRIVATE)) return true
  return within(network, SPECIAL)
    ? fail(`${show(network, network.address)} is in a special range: "ipaddr" does not tell whether it is private`)
    : false
}

const hostWithPrefix: Query = (network) =>
  hasBroadcast(network) && (isBase(network) || network.address === last(network))
    ? false
    : withPrefix(network, network.address)
const address: Query = (network) =>
  size(network) === 1n || !isBase(network) || !hasBroadcast(network) || network.version === 6
    ? show(network, network.address)
    : null
const usable =
  (which: 'first' | 'last'): Query =>
  (network, text) => {
    if (!text.includes('/')) return fail(`"ipaddr" needs a network for "${which}_usable"`)
    const edge = hasBroadcast(network) ? 1n : 0n
    if (size(network) === 1n) return null
    return show(network, which === 'first' ? base(network) + edge : last(network) - edge)
  }

const QUERIES: Readonly<Record<string, Query>> = {
  '': (network, text) => (text.includes('/') ? withPrefix(network, network.address) : show(network, network.address)),
  address,
  ip: address,
  host: (network) =>
    size(network) === 1n || !isBase(network) || !hasBroadcast(network) ? withPrefix(network, network.address) : null,
  'host/prefix': hostWithPrefix,
  'address/prefix': hostWithPrefix,
  gateway: hostWithPrefix,
  'ip/prefix': (network) =>
    size(network) === 2n || (size(network) > 1n && !isBase(network)) ? withPrefix(network, network.address) : null,
  cidr: (network) => withPrefix(network, network.address),
  network: (network) => show(network, base(network)),
  network_id: (network) => show(network, base(network)),
  netmask: (network) => show(network, mask(network)),
  hostmask: (network) => show(network, size(network) - 1n),
  wildcard: (network) => show(network, size(network) - 1n),
  network_netmask: (network) => `${show(network, base(network))} ${show(network, mask(network))}`,
  prefix: (network) => network.prefix,
  broadcast: (network) => {
    onlyVersion4(network, 'broadcast')
    return hasBroadcast(network) ? show(network, last(network)) : null
  },
  first_usable: usable('first'),
  last_usable: usable('last'),
  size: (network) => toInt(size(network)),
  subnet: (network) => withPrefix(network, base(network)),
  'network/prefix': (network) => withPrefix(network, base(network)),
  net: (network) => (size(network) > 1n && isBase(network) ? withPrefix(network, base(network)) : null),
  version: (network) => network.version,
  int: (network, text) => (text.includes('/') ? `${network.address}/${network.prefix}` : toInt(network.address)),
  bool: () => true,
  private: (network, text) => {
    onlyVersion4(network, 'private')
    return isPrivate(network) ? text : null
  },
  public: (network, text) => {
    onlyVersion4(network, 'public')
    return isPrivate(network) ? null : text
  },
  revdns: (network) => {
    onlyVersion4(network, 'revdns')
    return `${show(network, network.address).split('.').reverse().join('.')}.in-addr.arpa.`
  },
}

function ipaddr(value: unknown, query: unknown, version?: 4 | 6): unknown {
  if (Array.isArray(value)) return value.map((each) => ipaddr(each, query, version)).filter(isTrue)
  const text = toText(value)
  if (isInteger(value) || /^\d+$/.test(text)) return fail('an address as an int is not supported: write it with points')
  const network = parseNetwork(text)
  if (network === undefined) {
    // The library of Ansible completes such texts.
    if (/^[\d.]+(?:\/[\d.]+)?$/.test(text) && !/^\d+\.\d+\.\d+\.\d+(?:\/|$)/.test(text))
      return fail(`"${text}" is not a complete address`)
    return false
  }
  if (version !== undefined && network.version !== version) return false
  const name = toText(query)
  if (isInteger(query)) return nth(network, BigInt(query))
  if (/^-?\d+$/.test(name)) return nth(network, BigInt(name))
  const run = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined
  if (run !== undefined) return run(network, text)
  const other = parseNetwork(name)
  if (other === undefined) return fail(`"ipaddr" does not support the query "${name}"`)
  return inside(network, other) ? text : null
}

function nth(network: Network, index: bigint): unknown {
  if (size(network) === 1n) return fail('"ipaddr" needs a network for the number of an address')
  const found = index < 0n ? last(network) + 1n + index : base(network) + index
  return found >= base(network) && found <= last(network) ? withPrefix(network, found) : false
}

function ipsubnet(value: unknown, [query, index]: readonly unknown[]): unknown {
  const network = parseNetwork(toText(value))
  if (network === undefined) return false
  const prefix = asInt(query, 'the prefix of "ipsubnet"')
  if (prefix < network.prefix || prefix > bits(network))
    return fail('"ipsubnet" supports a longer prefix than that of the network only')
  const count = 1n << BigInt(prefix - network.prefix)
  if (index === null) return String(count)
  const at = BigInt(asInt(index, 'the index of "ipsubnet"'))
  const nth = at < 0n ? count + at : at
  if (nth < 0n || nth >= count) return false
  return `${show(network, base(network) + nth * (1n << BigInt(bits(network) - prefix)))}/${prefix}`
}

const byVersion = (version?: 4 | 6): Plugin =>
  plugin([['query', '']], (value, [query]) => ipaddr(value, query, version))

const networkFilters: Readonly<Record<string, Plugin>> = {
  ipaddr: byVersion(),
  ipv4: byVersion(4),
  ipv6: byVersion(6),
  ipwrap: plugin([], (value) => {
    const text = toText(value)
    const network = parseNetwork(text)
    if (network === undefined || network.version === 4) return text
    const [address = '', prefix] = text.split('/')
    return `[${address}]${prefix === undefined ? '' : `/${prefix}`}`
  }),
  ipsubnet: plugin([['query'], ['index', null]], ipsubnet),
  nthhost: plugin([['query']], (value, [query]) => {
    const network = parseNetwork(toText(value))
    if (network === undefined) return false
    const nth = BigInt(asInt(query, 'the number of the host'))
    const address = nth < 0n ? last(network) + 1n + nth : base(network) + nth
    return address >= base(network) && address <= last(network) ? show(network, address) : false
  }),
}

/** With and without the name of their collection. */
export const ipFilters: Readonly<Record<string, Plugin>> = Object.fromEntries(
  Object.entries(networkFilters).flatMap(([name, filter]) => [
    [name, filter],
    [`ansible.utils.${name}`, filter],
  ]),
)
