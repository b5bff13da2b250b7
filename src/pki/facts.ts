import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { canonicalName } from './names.ts'

/** The keys that are made. */
export type KeyType = 'ec' | 'rsa'

/** A kind of key in words: what is asked, and what is found. */
export const KEY_WORDS: Readonly<Record<KeyType, string>> = { ec: 'EC P-256', rsa: 'RSA 3072' }

/** What a certificate says. Times in milliseconds since 1970. */
export interface CertificateFacts {
  readonly common_name: string
  /** Of its subjectAltName, each in the form of `canonicalName`, sorted. */
  readonly names: readonly string[]
  /** Kind of its key in words: `EC P-256`. */
  readonly key_type: string
  readonly issuer: string
  readonly not_before: number
  readonly not_after: number
  /** SHA-256, as `AA:BB:...`. */
  readonly fingerprint: string
  readonly serial: string
  readonly authority: boolean
  readonly for_servers: boolean
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** The certificate in a file's content; undefined if there is none that can be read. */
export function parseCertificate(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}

/** All certificates in a file's content that can be read. */
export const parseBundle = (content: Buffer): X509Certificate[] =>
  [...content.toString('latin1').matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].flatMap(
    ([pem]) => parseCertificate(Buffer.from(pem)) ?? [],
  )

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    common_name: commonName(certificate.subject),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((entry) => entry !== '')
      .map(nameOf)
      .sort(),
    key_type: keyWords(certificate.publicKey),
    issuer: commonName(certificate.issuer),
    not_before: Date.parse(certificate.validFrom),
    not_after: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber,
    authority: certificate.ca,
    // Node's name for extended usages; undefined where the certificate has none, whatever the types say.
    for_servers: ((certificate as { keyUsage?: string[] }).keyUsage ?? []).includes(SERVER_AUTH),
  }
}

const commonName = (subject: string | undefined): string =>
  /^CN=(.*)$/m.exec(subject ?? '')?.[1]?.replaceAll(/\\(.)/g, '$1') ?? ''

/** Of Node's text of an entry: `DNS:node1`, `IP Address:FD00:0:0:0:0:0:0:1`. What is neither stays as it is. */
function nameOf(entry: string): string {
  const name = /^(?:DNS|IP Address):(.*)$/.exec(entry)?.[1]
  return name === undefined ? entry : (canonicalName(name) ?? name)
}

/** What is known of a private key. */
export type KeySeen =
  | { readonly state: 'missing' | 'damaged' | 'needs a passphrase' | 'other passphrase' }
  | { readonly state: 'read'; readonly type: string; readonly encrypted: boolean; readonly belongs: boolean }

/**
 * Looks at a private key.
 *
 * @param content - of its file; undefined: there is none.
 * @param certificate - the one it should belong to.
 */
export function keySeen(
  content: Buffer | undefined,
  certificate: X509Certificate | undefined,
  passphrase?: string,
): KeySeen {
  if (content === undefined) return { state: 'missing' }
  const encrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----$|^Proc-Type: 4,ENCRYPTED/m.test(content.toString('latin1'))
  if (encrypted && passphrase === undefined) return { state: 'needs a passphrase' }
  try {
    const key = createPrivateKey({ key: content, ...(encrypted ? { passphrase } : {}) })
    return { state: 'read', type: keyWords(key), encrypted, belongs: certificate?.checkPrivateKey(key) ?? false }
  } catch {
    // A wrong passphrase gives now and then something that is no key, as damage would: the two cannot be told apart.
    return { state: encrypted ? 'other passphrase' : 'damaged' }
  }
}

function keyWords({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'ec') return `EC ${details?.namedCurve === 'prime256v1' ? 'P-256' : details?.namedCurve}`
  return type === 'rsa' ? `RSA ${details?.modulusLength}` : String(type)
}
