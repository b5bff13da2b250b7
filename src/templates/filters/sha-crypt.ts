import { createHash } from 'node:crypto'
import { fail } from '../fault.ts'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The defaults of passlib, which Ansible uses if it is installed; fewer than 1000 rounds are not allowed. */
const DEFAULT_ROUNDS = { sha512: 656_000, sha256: 535_000 } as const
/** What crypt(3) uses, and leaves out of the hash. */
const IMPLICIT_ROUNDS = 5000

const cache = new Map<string, string>()

/** crypt(3)'s SHA-512 and SHA-256 hashes, with passlib's default of rounds. */
export function shaCrypt(type: 'sha512' | 'sha256', password: string, salt: string, given?: number): string {
  if (!/^[./0-9A-Za-z]{1,16}$/.test(salt)) fail('the salt must have 1 to 16 characters of ./0-9A-Za-z')
  const rounds = given ?? DEFAULT_ROUNDS[type]
  if (rounds < 1000 || rounds > 999_999_999) fail('the number of rounds must be from 1000 to 999999999')
  if (password.includes('\0')) fail('a password cannot contain a null character')
  const key = createHash('sha256')
    .update(JSON.stringify([type, password, salt, rounds]))
    .digest('base64')
  const known = cache.get(key)
  if (known !== undefined) return known
  const prefix = `$${type === 'sha512' ? 6 : 5}$${rounds === IMPLICIT_ROUNDS ? '' : `rounds=${rounds}$`}${salt}$`
  const made = prefix + encode(type, digest(type, Buffer.from(password, 'utf8'), Buffer.from(salt), rounds))
  cache.set(key, made)
  return made
}

function digest(type: string, password: Buffer, salt: Buffer, rounds: number): Buffer {
  const hash = (...parts: readonly Buffer[]): Buffer => {
    const made = createHash(type)
    for (const part of parts) made.update(part)
    return made.digest()
  }
  const repeated = (bytes: Buffer, length: number): Buffer =>
    Buffer.concat(Array.from({ length: Math.ceil(length / bytes.length) }, () => bytes)).subarray(0, length)
  const alternate = hash(password, salt, password)
  const first: Buffer[] = [password, salt, repeated(alternate, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) first.push((bits & 1) === 1 ? alternate : password)
  let result = hash(...first)
  const p = repeated(hash(...Array.from({ length: password.length }, () => password)), password.length)
  const s = repeated(hash(...Array.from({ length: 16 + (result[0] as number) }, () => salt)), salt.length)
  for (let round = 0; round < rounds; round++) {
    const made = createHash(type).update(round % 2 === 1 ? p : result)
    if (round % 3 !== 0) made.update(s)
    if (round % 7 !== 0) made.update(p)
    result = made.update(round % 2 === 1 ? result : p).digest()
  }
  return result
}

/** crypt's own order of bytes and base64. */
function encode(type: string, bytes: Buffer): string {
  const size = type === 'sha512' ? 64 : 32
  const third = Math.floor(size / 3)
  const groups: number[][] = []
  let [a, b, c] = [0, third, 2 * third]
  for (let i = 0; i < third; i++) {
    groups.push([a, b, c])
    ;[a, b, c] = type === 'sha512' ? [b + 1, c + 1, a + 1] : [c + 1, a + 1, b + 1]
  }
  groups.push(type === 'sha512' ? [63] : [31, 30])
  return groups
    .map((group) => {
      const indices = group.length === 2 ? group : [...group]
      let value = 0
      for (const index of indices) value = (value << 8) | (bytes[index] as number)
      let text = ''
      for (let i = 0; i <= indices.length; i++) {
        text += ALPHABET.charAt(value & 63)
        value >>>= 6
      }
      return text
    })
    .join('')
}
