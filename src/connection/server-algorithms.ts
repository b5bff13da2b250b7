import type { Duplex } from 'node:stream'

/** What a server offers for each part of a connection, in the order of its first packet (RFC 4253, 7.1). */
const OFFERS = [
  'key exchange algorithm',
  'host key format',
  'C->S cipher',
  'S->C cipher',
  'C->S MAC',
  'S->C MAC',
  'C->S compression',
  'S->C compression',
] as const

/** The sshd_config option for each of {@link OFFERS}; ssh2 supports the algorithms that it names. */
const REMEDIES: readonly (readonly [match: string, option: string, algorithm: string])[] = [
  ['key exchange', 'KexAlgorithms', 'curve25519-sha256'],
  ['host key', 'HostKeyAlgorithms', 'ssh-ed25519'],
  ['cipher', 'Ciphers', 'aes128-gcm@openssh.com'],
  ['MAC', 'MACs', 'hmac-sha2-256-etm@openssh.com'],
  ['compression', 'Compression', 'no'],
]

/** The server's first packets; its offer is in the second line. */
const MOST_BYTES = 16 * 1024
const KEXINIT = 20
const COOKIE_BYTES = 16

/** Keeps what a server sends first: before encryption, that is its name and its algorithms. */
export class ServerHello {
  #bytes = Buffer.alloc(0)

  constructor(socket: Duplex) {
    const keep = (chunk: Buffer): void => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      if (this.#bytes.length > MOST_BYTES) socket.off('data', keep)
    }
    socket.on('data', keep)
  }

  /** What it printed in place of its SSH version: sshd's reason for dropping the connection. */
  get greeting(): string {
    const first = this.#bytes.toString().split('\n')[0]?.trim() ?? ''
    return first.startsWith('SSH-') ? '' : first
  }

  /** Explains an error of ssh2 about algorithms; undefined for any other. */
  explainMismatch(message: string): string | undefined {
    const offer = OFFERS.find((one) => message.endsWith(`no matching ${one}`))
    if (offer === undefined) return undefined
    const algorithms = this.#offers()[OFFERS.indexOf(offer)] ?? 'none that is known'
    const [, option, algorithm] = REMEDIES.find(([match]) => offer.includes(match)) ?? []
    const postQuantum = /^(?:(?:sntrup|mlkem)[^,]*,?)+(?:kex-strict[^,]*)?$/.test(algorithms) ? ' (post-quantum)' : ''
    return (
      `offers only the ${offer} ${algorithms}${postQuantum}, which Labbook does not support: add ${algorithm} to ` +
      `${option} in its sshd_config`
    )
  }

  #offers(): string[] {
    const version = this.#bytes.indexOf('SSH-')
    const packet = this.#bytes.subarray(this.#bytes.indexOf('\n', version) + 1)
    if (version < 0 || packet[5] !== KEXINIT) return []
    const lists: string[] = []
    let at = 6 + COOKIE_BYTES
    while (lists.length < OFFERS.length && at + 4 <= packet.length) {
      const length = packet.readUInt32BE(at)
      lists.push(packet.toString('latin1', at + 4, at + 4 + length))
      at += 4 + length
    }
    return lists
  }
}
