import { randomBytes } from 'node:crypto'
import type { KeyType } from './facts.ts'
import { subjectAltName } from './names.ts'
import { openssl } from './openssl.ts'
import { write } from './place.ts'

/*
 * What openssl is asked for. Keys and certificates come back on its stdout; what goes in by file is in `scratch`, a
 * folder that only its owner can enter. Each call has a configuration of its own: the machine's would add extensions
 * that nobody asked for.
 */

/** A private key, not encrypted. */
export const newKey = (type: KeyType): Promise<Buffer> => openssl('genpkey', GENPKEY[type])

const GENPKEY = {
  ec: { algorithm: 'EC', pkeyopt: 'ec_paramgen_curve:P-256' },
  rsa: { algorithm: 'RSA', pkeyopt: 'rsa_keygen_bits:3072' },
} as const

/** A private key, encrypted: it is on no disk without. */
export async function newEncryptedKey(type: KeyType, passphrase: string, scratch: string): Promise<Buffer> {
  const key = await openssl('genpkey', { ...GENPKEY[type], aes256: true, pass: 'stdin' }, `${passphrase}\n`)
  // genpkey makes little work of trying passphrases (2048 rounds of PBKDF2) and cannot be told otherwise.
  return openssl(
    'pkcs8',
    { ...SCRYPT, in: write(scratch, 'encrypted.key', key), passin: 'stdin', passout: 'stdin' },
    `${passphrase}\n${passphrase}\n`,
  )
}

/** A key in a file that is not encrypted yet, encrypted. */
export const encryptKey = (file: string, passphrase: string): Promise<Buffer> =>
  openssl('pkcs8', { ...SCRYPT, in: file, passout: 'stdin' }, `${passphrase}\n`)

const SCRYPT = { topk8: true, scrypt: true }

/** What a CA signs with. */
export interface Signer {
  /** Path of its private key. */
  readonly key: string
  readonly passphrase?: string | undefined
}

/** The certificate of a CA, signed by its own key. */
export async function selfSign(ca: Signer, commonName: string, validDays: number, scratch: string): Promise<Buffer> {
  const config = write(
    scratch,
    'ca.cnf',
    `${REQUEST}[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`,
  )
  return openssl(
    'req',
    {
      new: true,
      x509: true,
      sha256: true,
      utf8: true,
      config,
      extensions: 'ca',
      key: ca.key,
      passin: 'stdin',
      subj: subject(commonName),
      days: String(validDays),
      set_serial: serial(),
    },
    passphraseLine(ca),
  )
}

/** What a certificate of a server is to say. */
export interface ServerCertificate {
  readonly commonName: string
  readonly names: readonly string[]
  readonly keyType: KeyType
  readonly validDays: number
}

/** The certificate of a server, signed by a CA. */
export async function signServer(
  { commonName, names, keyType, validDays }: ServerCertificate,
  key: Buffer,
  ca: Signer & { readonly certificate: string },
  scratch: string,
): Promise<Buffer> {
  const keyFile = write(scratch, 'server.key', key)
  const extensions = write(
    scratch,
    'server.cnf',
    `${REQUEST}[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature${keyType === 'rsa' ? ', keyEncipherment' : ''}
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = @names
[names]
${names
  .map(subjectAltName)
  .map(({ kind, name }, i) => `${kind}.${i + 1} = ${name}\n`)
  .join('')}`,
  )
  const request = await openssl('req', {
    new: true,
    sha256: true,
    utf8: true,
    config: extensions,
    key: keyFile,
    subj: subject(commonName),
  })
  return openssl(
    'x509',
    {
      req: true,
      sha256: true,
      in: write(scratch, 'server.csr', request),
      CA: ca.certificate,
      CAkey: ca.key,
      passin: 'stdin',
      extfile: extensions,
      extensions: 'server',
      days: String(validDays),
      set_serial: serial(),
    },
    passphraseLine(ca),
  )
}

const REQUEST = '[req]\ndistinguished_name = subject\n[subject]\n'

/** Always a line, an empty one too: openssl would ask at the terminal for what it cannot read. */
const passphraseLine = ({ passphrase = '' }: Signer): string => `${passphrase}\n`

/** As `-subj` takes it: a slash begins the next part of a name, a plus another value of the same. */
const subject = (commonName: string): string => `/CN=${commonName.replaceAll(/[\\/+]/g, '\\$&')}`

/** 128 bits at random, but for the first two: 16 bytes of a positive number, neither more nor less. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return `0x${bytes.toString('hex')}`
}
