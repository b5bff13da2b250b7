import { hash } from 'node:crypto'
import { sh } from '../../shell/quote.ts'

/** The SHA-256 of bytes, in hexadecimal. */
export const sha256 = (bytes: Buffer | string): string => hash('sha256', bytes, 'hex')

/** The SHA-1 of bytes, in hexadecimal: what Ansible's modules return as `checksum`. Never compared. */
export const sha1 = (bytes: Buffer | string): string => hash('sha1', bytes, 'hex')

/** The bytes as text; null if they are not text: a NUL among them, or not UTF-8. */
export function asText(bytes: Buffer): string | null {
  const text = bytes.toString('utf8')
  return text.includes('\0') || !Buffer.from(text).equals(bytes) ? null : text
}

/** A file's content in a diff: its text, or a line about it. */
export function forDiff(bytes: Buffer): string {
  return asText(bytes) ?? `(binary, sha256 ${sha256(bytes)}, ${bytes.length} bytes)\n`
}

/** Bytes. A script contains them, and is in memory several times. */
export const CONTENT_LIMIT = 16 * 1024 * 1024

/** Follows `it has`, for a size over the limit. */
export const tooBig = (bytes: number): string =>
  `${(bytes / 1e6).toFixed(0)} MB, and this module sends up to ${(CONTENT_LIMIT / 1e6).toFixed(0)} MB: ` +
  'use the module "upload", which sends any size'

/** Well below any shell's limit for a word. Divisible by 4, so that each piece is valid base64. */
const PIECE = 1 << 16

/** Shell text that writes bytes to stdout. printf is a builtin of every host's shell, so they are in no argv. */
export function printBytes(bytes: Buffer): string {
  const text = asText(bytes)
  if (text !== null) return sh`printf %s ${text}`
  const encoded = bytes.toString('base64')
  const pieces = Array.from({ length: Math.ceil(encoded.length / PIECE) }, (_, i) =>
    encoded.slice(i * PIECE, (i + 1) * PIECE),
  )
  return `{ ${pieces.map((piece) => sh`printf %s ${piece}`).join('; ')}; } | base64 -d`
}
