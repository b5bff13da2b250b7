import { createHash } from 'node:crypto'

const ARMOR =
  /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n]*:[^\n]*\r?\n)*\r?\n([^]*?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP/g

/** Whether a key file is ASCII-armored, as APT tells it by `.asc` and `.gpg`. */
export const isArmored = (key: Buffer): boolean => key.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')

/**
 * The fingerprints of the public keys and subkeys in a key file (RFC 4880 and RFC 9580), in upper case. Empty: it has
 * none.
 */
export function fingerprints(key: Buffer): string[] {
  const blocks = isArmored(key)
    ? [...key.toString('latin1').matchAll(ARMOR)].map(([, text = '']) => Buffer.from(text, 'base64'))
    : [key]
  return blocks.flatMap((block) =>
    [...packets(block)].flatMap(({ tag, body }) => (isKey(tag) ? fingerprint(body) : [])),
  )
}

/** Public key and public subkey. */
const isKey = (tag: number): boolean => tag === 6 || tag === 14

/** Versions 4 and 6; older and unknown ones have none that a user could name. */
function fingerprint(body: Buffer): string[] {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  const hash = (algorithm: string, head: Buffer): string[] => [
    createHash(algorithm).update(head).update(body).digest('hex').toUpperCase(),
  ]
  if (body[0] === 4) return hash('sha1', Buffer.from([0x99, ...size.subarray(2)]))
  return body[0] === 6 ? hash('sha256', Buffer.from([0x9b, ...size])) : []
}

interface Packet {
  readonly tag: number
  readonly body: Buffer
}

/** The packets of a file, up to the first that is not complete. */
function* packets(bytes: Buffer): Generator<Packet> {
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at] as number
    if ((first & 0x80) === 0) return
    const isNew = (first & 0x40) !== 0
    const length = isNew ? newLength(bytes, at + 1) : oldLength(bytes, at + 1, first & 3)
    if (length === undefined || length.start + length.size > bytes.length) return
    yield {
      tag: isNew ? first & 0x3f : (first >> 2) & 0x0f,
      body: bytes.subarray(length.start, length.start + length.size),
    }
    at = length.start + length.size
  }
}

/** Where a packet's body begins, and its size; undefined: not complete, or in parts, which keys never are. */
type Length = { readonly start: number; readonly size: number } | undefined

function newLength(bytes: Buffer, at: number): Length {
  const first = bytes[at]
  if (first === undefined) return undefined
  if (first < 192) return { start: at + 1, size: first }
  if (first < 224 && at + 1 < bytes.length)
    return { start: at + 2, size: ((first - 192) << 8) + (bytes[at + 1] as number) + 192 }
  return first === 255 && at + 5 <= bytes.length ? { start: at + 5, size: bytes.readUInt32BE(at + 1) } : undefined
}

function oldLength(bytes: Buffer, at: number, type: number): Length {
  const octets = [1, 2, 4][type]
  if (octets === undefined) return { start: at, size: bytes.length - at }
  return at + octets <= bytes.length ? { start: at + octets, size: bytes.readUIntBE(at, octets) } : undefined
}
