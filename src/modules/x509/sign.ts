import { randomBytes } from 'node:crypto'
import type { KeyType } from './facts.ts'
import { subjectAltName } from './names.ts'
import { openssl } from './openssl.ts'
import { write } from './atomic-files.ts'

/*
 * Calls of openssl. Keys and certificates are returned on stdout; input files are in `scratch`, a directory with mode
 * 0700. Each call has its own configuration: the machine's could add extensions.
 */

/** Generates an unencrypted private key. */
export const newKey = (type: KeyType): Promise<Buffer> => openssl('genpkey', GENPKEY[type])

const GENPKEY = {
  ec: { algorithm: 'EC', pkeyopt: 'ec_paramgen_curve:P-256' },
  rsa: { algorithm: 'RSA', pkeyopt: 'rsa_keygen_bits:3072' },
} as const

/** Generates an encrypted private key. It is never on disk unencrypted. */
export async function newEncryptedKey(type: KeyType, passphrase: string, scratch: string): Promise<Buffer> {
  const key = await openssl('genpkey', { ...GENPKEY[type], aes256: true, pass: 'stdin' }, `${passphrase}\n`)
  // genpkey uses only 2048 rounds of PBKDF2, without an option; so encrypt again with scrypt.
  return openssl(
    'pkcs8',
    { ...SCRYPT, in: write(scratch, 'encrypted.key', key), passin: 'stdin', passout: 'stdin' },
    `${passphrase}\n${passphrase}\n`,
  )
}

/** Encrypts the key in a file. */
export const encryptKey = (file: string, passphrase: string): Promise<Buffer> =>
  openssl('pkcs8', { ...SCRYPT, in: file, passout: 'stdin' }, `${passphrase}\n`)

const SCRYPT = { topk8: true, scrypt: true }

/** The key of a CA. */
export interface Signer {
  /** Path of its private key. */
  readonly key: string
  readonly passphrase?: string | undefined
}

/** Issues the self-signed certificate of a CA. */
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

/** Contents of a server certificate. */
export interface ServerCertificate {
  readonly commonName: string
  readonly names: readonly string[]
  readonly keyType: KeyType
  readonly validDays: number
}

/** Issues a server certificate, signed by a CA. */
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

/** Always a line, even if empty: otherwise openssl would prompt on the terminal. */
const passphraseLine = ({ passphrase = '' }: Signer): string => `${passphrase}\n`

/** Escapes for `-subj`: a slash starts the next attribute, a plus another value. */
const subject = (commonName: string): string => `/CN=${commonName.replaceAll(/[\\/+]/g, '\\$&')}`

/** A random serial number: positive, exactly 16 bytes. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return `0x${bytes.toString('hex')}`
}
