import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { canonicalName } from './names.ts'

/** Supported key types. */
export type KeyType = 'ec' | 'rsa'

/** Display names of key types. */
export const KEY_TYPE_NAMES: Readonly<Record<KeyType, string>> = { ec: 'EC P-256', rsa: 'RSA 3072' }

/** Facts about a certificate. Times in milliseconds since 1970. */
export interface CertificateFacts {
  readonly common_name: string
  /** Sorted subjectAltName entries, each in the form of `canonicalName`. */
  readonly names: readonly string[]
  /** Display name of its key type: `EC P-256`. */
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

/** Parses a certificate; undefined if it is invalid. */
export function parseCertificate(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}

/** All valid certificates in a PEM file. */
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
    // Node's name for extended key usages; undefined without any, despite its type.
    for_servers: ((certificate as { keyUsage?: string[] }).keyUsage ?? []).includes(SERVER_AUTH),
  }
}

const commonName = (subject: string | undefined): string =>
  /^CN=(.*)$/m.exec(subject ?? '')?.[1]?.replaceAll(/\\(.)/g, '$1') ?? ''

/** Parses Node's text of an entry: `DNS:node1`, `IP Address:FD00:0:0:0:0:0:0:1`. Others are unchanged. */
function nameOf(entry: string): string {
  const name = /^(?:DNS|IP Address):(.*)$/.exec(entry)?.[1]
  return name === undefined ? entry : (canonicalName(name) ?? name)
}

/** The state of a private key. */
export type KeyState =
  | { readonly state: 'missing' | 'damaged' | 'needs a passphrase' | 'other passphrase' }
  | { readonly state: 'read'; readonly type: string; readonly encrypted: boolean; readonly belongs: boolean }

/**
 * Determines the state of a private key.
 *
 * @param content - content of its file; undefined if missing.
 * @param certificate - the certificate that it should match.
 */
export function keyState(
  content: Buffer | undefined,
  certificate: X509Certificate | undefined,
  passphrase?: string,
): KeyState {
  if (content === undefined) return { state: 'missing' }
  const encrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----$|^Proc-Type: 4,ENCRYPTED/m.test(content.toString('latin1'))
  if (encrypted && passphrase === undefined) return { state: 'needs a passphrase' }
  try {
    const key = createPrivateKey({ key: content, ...(encrypted ? { passphrase } : {}) })
    return { state: 'read', type: keyWords(key), encrypted, belongs: certificate?.checkPrivateKey(key) ?? false }
  } catch {
    // A wrong passphrase sometimes decrypts to garbage, so it cannot be distinguished from damage.
    return { state: encrypted ? 'other passphrase' : 'damaged' }
  }
}

function keyWords({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'ec') return `EC ${details?.namedCurve === 'prime256v1' ? 'P-256' : details?.namedCurve}`
  return type === 'rsa' ? `RSA ${details?.modulusLength}` : String(type)
}
