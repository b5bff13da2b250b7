/** An IPv4 network. */
export interface Subnet {
  readonly first: number
  readonly last: number
  readonly prefix: number
}

/**
 * Parses `10.77.0.0/24`; a single address is a /32.
 * @throws {RangeError} if it is not an IPv4 network.
 */
export function parseSubnet(text: string): Subnet {
  const [address = '', length = '32'] = text.split('/')
  const prefix = Number(length)
  if (!/^\d+$/.test(length) || prefix > 32) throw new RangeError(`"${text}" is not an IPv4 network`)
  const size = 2 ** (32 - prefix)
  const first = Math.floor(toNumber(address, text) / size) * size
  return { first, last: first + size - 1, prefix }
}

/** The address of this machine in a lab: the first. */
export const gateway = (subnet: Subnet): string => toAddress(subnet.first + 1)

/** `nthAddress(10.77.0.0/24, 11)` is 10.77.0.11. */
export const nthAddress = (subnet: Subnet, place: number): string => toAddress(subnet.first + place)

/** Whether a node may have this address: not the network, gateway or broadcast address. */
export function isNodeAddress(subnet: Subnet, address: string): boolean {
  const number = toNumber(address, address)
  return number > subnet.first + 1 && number < subnet.last
}

export const overlap = (a: Subnet, b: Subnet): boolean => a.first <= b.last && b.first <= a.last

function toNumber(address: string, text: string): number {
  const bytes = address.split('.').map(Number)
  const valid = bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
  if (!valid) throw new RangeError(`"${text}" is not an IPv4 network`)
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

const toAddress = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
