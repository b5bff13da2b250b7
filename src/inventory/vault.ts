import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../values/secret.ts'
import { DecryptionError, type TemplateText } from '../values/template-text.ts'
import type { Vault } from './vault-text.ts'

/** A password of Ansible Vault. */
export interface VaultPassword {
  /** The vault id: `default`, or a label such as `prod`. */
  readonly id: string
  readonly password: Secret
  /** Where it comes from, for messages: `--vault-password-file vault.txt`. */
  readonly origin: string
}

/** The vault id of values without one, and of passwords without one. */
const DEFAULT_ID = 'default'

interface VaultOptions {
  /** Only the password with the id of a value decrypts it (`vault_id_match`); by default it is tried first. */
  readonly matchIds?: boolean
}

/** Decrypts values and files of Ansible Vault, format 1.1 and 1.2. */
export function vaultOf(passwords: readonly VaultPassword[], { matchIds = false }: VaultOptions = {}): Vault {
  const firstOfId = new Map<string, TemplateText>()
  return {
    open: (text) => {
      const envelope = parseEnvelope(text)
      const { id } = envelope
      const matching = passwords.filter((each) => each.id === (id ?? DEFAULT_ID))
      const others = matchIds ? [] : passwords.filter((each) => !matching.includes(each))
      const candidates = [...matching, ...others]
      for (const { password } of candidates) {
        const plain = decrypt(envelope, password.reveal())
        if (plain !== undefined) return plain
      }
      throw new DecryptionError(explain(id, passwords, candidates))
    },
    register: (text, envelope) => {
      const id = /^\$ANSIBLE_VAULT;1\.2;AES256;(\S+)/.exec(envelope)?.[1] ?? ''
      if (!firstOfId.has(id)) firstOfId.set(id, text)
    },
    firstValues: () =>
      [...firstOfId].filter(([id]) => id === '' || passwords.some((each) => each.id === id)).map(([, text]) => text),
  }
}

function explain(id: string | undefined, passwords: readonly VaultPassword[], tried: readonly VaultPassword[]): string {
  const label = id === undefined ? '' : ` with the vault id "${id}"`
  if (passwords.length === 0) return 'this is encrypted itself, and no vault password precedes it'
  if (tried.length === 0)
    return `no vault password has the vault id "${id ?? DEFAULT_ID}": add --vault-id ${id ?? DEFAULT_ID}@FILE`
  const origins = passwords.map(({ origin }) => origin).join(', ')
  return tried.length === 1
    ? `the vault password of ${origins} is wrong for this value${label}`
    : `none of the vault passwords (${origins}) decrypts this value${label}`
}

interface Envelope {
  /** The vault id of format 1.2. */
  readonly id: string | undefined
  readonly salt: Buffer
  readonly mac: Buffer
  readonly data: Buffer
}

function parseEnvelope(text: string): Envelope {
  const [header = '', ...body] = text.trim().split(/\r?\n/)
  const [, version = '', cipher = '', id] = header.split(';').map((part) => part.trim())
  if (version !== '1.1' && version !== '1.2')
    throw new DecryptionError(`the vault format ${version} is not supported: encrypt it again with ansible-vault rekey`)
  if (cipher !== 'AES256') throw new DecryptionError(`the cipher of this vault is not AES256 but "${cipher}"`)
  const parts = hex(body.map((line) => line.trim()).join(''))
    .toString('latin1')
    .split('\n')
  if (parts.length !== 3) throw new DecryptionError(DAMAGED)
  const [salt, mac, data] = parts.map(hex) as [Buffer, Buffer, Buffer]
  return { id: id === undefined || id === '' ? undefined : id, salt, mac, data }
}

const DAMAGED = 'this vault data is damaged or incomplete: copy it again, with all its lines'

function hex(text: string): Buffer {
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text)) throw new DecryptionError(DAMAGED)
  return Buffer.from(text, 'hex')
}

/** Undefined: the password is wrong, or the data was changed. */
function decrypt({ salt, mac, data }: Envelope, password: string): Buffer | undefined {
  const derived = pbkdf2Sync(password, salt, 10_000, 80, 'sha256')
  const [key, macKey, counter] = [derived.subarray(0, 32), derived.subarray(32, 64), derived.subarray(64)]
  const expected = createHmac('sha256', macKey).update(data).digest()
  if (expected.length !== mac.length || !timingSafeEqual(expected, mac)) return undefined
  const decipher = createDecipheriv('aes-256-ctr', key, counter)
  const padded = Buffer.concat([decipher.update(data), decipher.final()])
  // PKCS#7: the last byte is the number of bytes of padding.
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0))
}
