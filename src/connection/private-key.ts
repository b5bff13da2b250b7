import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import ssh2, { type ParsedKey } from 'ssh2'

/** A private key file: the key, or why it cannot be used to log in. */
export type PrivateKeyFile = { readonly key: ParsedKey } | UnusableKey

export interface UnusableKey {
  /** The file, what is wrong with it, and what to do. */
  readonly problem: string
  /** The public key in wire format, if known: an agent may have the private one. */
  readonly publicKey: Buffer | undefined
  /** It lacks its passphrase only. */
  readonly isLocked?: boolean
}

/** A public key in the format of OpenSSH; the first group is the key in base64. */
const PUBLIC_KEY = /^(?:ssh-|ecdsa-|sk-)\S+\s+(AAAA\S+)/
const OPENSSH_KEY = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/
const PKCS8_KEY = /-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/

/** ssh2 has this cipher for connections only. */
const CONNECTION_CIPHER = 'chacha20-poly1305@openssh.com'

/** The key that was parsed last: most inventories have one for all hosts. */
let lastKey: { readonly read: readonly string[]; readonly key: PrivateKeyFile } | undefined

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('base64')

/** Reads a private key as ssh does. */
export function readPrivateKey(file: string, passphrase: string | undefined, setBy: string): PrivateKeyFile {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch (error) {
    return { problem: unreadable(file, (error as NodeJS.ErrnoException).code ?? '', setBy), publicKey: undefined }
  }
  // Not the passphrase itself, which a Secret keeps.
  const read = [file, sha256(content), passphrase === undefined ? '' : sha256(passphrase)]
  if (lastKey !== undefined && read.every((part, i) => part === lastKey?.read[i])) return lastKey.key
  const key = parsePrivateKey(content, file, passphrase, setBy)
  // Not problems: they depend on a public key beside the file, too.
  if ('key' in key) lastKey = { read, key }
  return key
}

function parsePrivateKey(content: Buffer, file: string, passphrase: string | undefined, setBy: string): PrivateKeyFile {
  const text = content.toString('latin1')
  const header = opensshHeader(text)
  const unusable = (problem: string): UnusableKey => ({
    problem: `key "${file}" ${problem}`,
    publicKey: publicKeyIn(text) ?? header?.publicKey ?? publicKeyBeside(file),
  })
  if (!text.includes('PRIVATE KEY')) return unusable(notPrivate(text, setBy))
  const encrypted = text.includes('ENCRYPTED') || (header !== undefined && header.cipher !== 'none')
  if (encrypted && passphrase === undefined) {
    const problem = `has a passphrase: run eval "$(ssh-agent)" && ssh-add ${file}, or set ansible_ssh_private_key_passphrase`
    return { ...unusable(problem), isLocked: true }
  }
  if (header?.cipher === CONNECTION_CIPHER) {
    return unusable(
      `is encrypted with ${CONNECTION_CIPHER}, which Labbook cannot decrypt: change the cipher with ` +
        `ssh-keygen -p -Z aes256-ctr -f ${file}, or add the key to an SSH agent`,
    )
  }
  const parsed = PKCS8_KEY.test(text)
    ? parsePkcs8(text, passphrase)
    : ssh2.utils.parseKey(content, encrypted ? passphrase : undefined)
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey) : parsed
  if (!(key instanceof Error)) return { key }
  const type = /Unsupported OpenSSH private key type: (\S+)/.exec(key.message)?.[1] ?? pkcs8Type(key)
  if (type !== undefined) return unusable(`is of type ${type}, which Labbook does not support: use an ed25519 key`)
  return unusable(
    encrypted
      ? 'cannot be decrypted: correct ansible_ssh_private_key_passphrase'
      : `is damaged (${key.message}): restore it, or correct ${setBy}`,
  )
}

function unreadable(file: string, code: string, setBy: string): string {
  if (code === 'ENOENT') return `key file "${file}" does not exist: correct ${setBy}`
  if (code === 'EMFILE' || code === 'ENFILE') return `key file "${file}" is not readable: ${tooManyFiles(code)}`
  return `key file "${file}" is not readable (${code}): correct ${setBy}, or the file's permissions`
}

/** Advice for a process that has no free file descriptor. */
export const tooManyFiles = (code: string): string =>
  `too many open files (${code}): raise the limit (ulimit -n), or use fewer --forks`

function notPrivate(text: string, setBy: string): string {
  if (text.startsWith('PuTTY-User-Key-File')) {
    return 'is a key of PuTTY: convert it with puttygen FILE -O private-openssh -o NEW_FILE'
  }
  if (PUBLIC_KEY.test(text)) {
    return `is not a private key, but a public one: name the private key in ${setBy}`
  }
  return `is not a private key: correct ${setBy}`
}

/** ssh2 reads no PKCS#8: Node converts the key to a format that it reads. */
function parsePkcs8(pem: string, passphrase: string | undefined): ParsedKey | ParsedKey[] | Error {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    return error as Error
  }
  const type = key.asymmetricKeyType
  if (type === 'rsa') return ssh2.utils.parseKey(key.export({ type: 'pkcs1', format: 'pem' }))
  if (type === 'ec') return ssh2.utils.parseKey(key.export({ type: 'sec1', format: 'pem' }))
  if (type === 'ed25519') return ssh2.utils.parseKey(opensshEd25519(key))
  return new Error(`${PKCS8_TYPE} ${type}`)
}

const PKCS8_TYPE = 'PKCS#8 key type'

const pkcs8Type = ({ message }: Error): string | undefined =>
  message.startsWith(PKCS8_TYPE) ? message.slice(PKCS8_TYPE.length + 1) : undefined

/** An unencrypted Ed25519 key in the format of OpenSSH (PROTOCOL.key in its source). */
function opensshEd25519(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' })
  const [publicPart, secretPart] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')]
  const type = 'ssh-ed25519'
  const checks = Buffer.alloc(8)
  const secret = [checks, field(type), field(publicPart), field(Buffer.concat([secretPart, publicPart])), field('')]
  const length = secret.reduce((sum, part) => sum + part.length, 0)
  secret.push(Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (length % 8)) % 8)))
  const count = Buffer.from([0, 0, 0, 1])
  const body = Buffer.concat([
    Buffer.from(MAGIC),
    ...[field('none'), field('none'), field(''), count],
    field(Buffer.concat([field(type), field(publicPart)])),
    field(Buffer.concat(secret)),
  ])
  const lines = body.toString('base64').replace(/.{70}(?=.)/g, '$&\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`
}

const MAGIC = 'openssh-key-v1\0'

/** A string of the SSH protocol: its length in four bytes, then its bytes. */
export function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The unencrypted beginning of a key in the format of OpenSSH; undefined for other formats. */
function opensshHeader(text: string): { readonly cipher: string; readonly publicKey: Buffer } | undefined {
  const body = Buffer.from(OPENSSH_KEY.exec(text)?.[1] ?? '', 'base64')
  if (!body.toString('latin1').startsWith(MAGIC)) return undefined
  try {
    let at = MAGIC.length
    const next = (): Buffer => {
      const from = at + 4
      at = from + body.readUInt32BE(at)
      return body.subarray(from, at)
    }
    const cipher = next().toString('latin1')
    next() // the key derivation function
    next() // and its options
    at += 4 // the number of keys
    return { cipher, publicKey: next() }
  } catch {
    return { cipher: 'none', publicKey: Buffer.alloc(0) }
  }
}

function publicKeyBeside(file: string): Buffer | undefined {
  try {
    return publicKeyIn(readFileSync(`${file}.pub`, 'latin1'))
  } catch {
    return undefined
  }
}

function publicKeyIn(text: string): Buffer | undefined {
  const key = PUBLIC_KEY.exec(text)?.[1]
  return key === undefined ? undefined : Buffer.from(key, 'base64')
}
