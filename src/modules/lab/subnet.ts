import { Address4 } from 'ip-address'

/** An IPv4 network. */
export interface Subnet {
  readonly first: bigint
  readonly last: bigint
  readonly prefix: number
}

/**
 * Parses `10.77.0.0/24`; a single address is a /32.
 * @throws {RangeError} if it is not an IPv4 network.
 */
export function parseSubnet(text: string): Subnet {
  const network = parse(text)
  return { first: network.startAddress().bigInt(), last: network.endAddress().bigInt(), prefix: network.subnetMask }
}

/** The address of this machine in a lab: the first. */
export const gateway = (subnet: Subnet): string => nthAddress(subnet, 1)

/** `nthAddress(10.77.0.0/24, 11)` is 10.77.0.11. */
export const nthAddress = (subnet: Subnet, place: number): string =>
  Address4.fromBigInt(subnet.first + BigInt(place)).correctForm()

/** Whether a node may have this address: not the network, gateway or broadcast address. */
export function isNodeAddress(subnet: Subnet, address: string): boolean {
  const number = parse(address).bigInt()
  return number > subnet.first + 1n && number < subnet.last
}

export const overlap = (a: Subnet, b: Subnet): boolean => a.first <= b.last && b.first <= a.last

function parse(text: string): Address4 {
  try {
    return new Address4(text)
  } catch (error) {
    throw new RangeError(`"${text}" is not an IPv4 network`, { cause: error })
  }
}
