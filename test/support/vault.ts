import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** Encrypts as `ansible-vault encrypt`. */
export function encryptVault(text: string, password: string, id?: string): string {
  const salt = randomBytes(32)
  const derived = pbkdf2Sync(password, salt, 10_000, 80, 'sha256')
  const bytes = Buffer.from(text)
  const missing = 16 - (bytes.length % 16)
  const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, 32), derived.subarray(64))
  const data = Buffer.concat([cipher.update(Buffer.concat([bytes, Buffer.alloc(missing, missing)])), cipher.final()])
  const mac = createHmac('sha256', derived.subarray(32, 64)).update(data).digest()
  const body = Buffer.from([salt, mac, data].map((part) => part.toString('hex')).join('\n')).toString('hex')
  const header = id === undefined ? '$ANSIBLE_VAULT;1.1;AES256' : `$ANSIBLE_VAULT;1.2;AES256;${id}`
  return `${[header, ...(body.match(/.{1,80}/g) ?? [])].join('\n')}\n`
}
