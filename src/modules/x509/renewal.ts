import { KEY_TYPE_NAMES, type CertificateFacts, type KeyState, type KeyType } from './facts.ts'

const DAY = 86_400_000

/** The desired state of a certificate. */
export interface CertificateParams {
  /** In the form of `canonicalName`. */
  readonly names: readonly string[]
  readonly key_type: KeyType
  readonly renew_before_days: number
  readonly generation: number
}

/** The current state of a certificate. */
export interface CertificateState {
  readonly certificate: 'missing' | 'damaged' | CertificateFacts
  readonly key: KeyState
  /** Signed by the current CA. */
  readonly issued_by_ca: boolean
  readonly generation: number
}

/**
 * Why a certificate must be issued again: `expires in 12 days`. Empty: it is valid.
 *
 * @param now - milliseconds since 1970.
 */
export function renewalReasons(asked: CertificateParams, seen: CertificateState, now: number): string[] {
  const { certificate, key } = seen
  if (certificate === 'missing') return ['missing']
  return [
    ...(certificate === 'damaged'
      ? ['damaged']
      : [
          ...expiryReasons(certificate, asked.renew_before_days, now),
          ...nameReasons(asked.names, certificate.names),
          ...(seen.issued_by_ca ? [] : ['issued by another CA']),
          ...(certificate.key_type === KEY_TYPE_NAMES[asked.key_type]
            ? []
            : [`key type is ${certificate.key_type}, not ${KEY_TYPE_NAMES[asked.key_type]}`]),
          ...(certificate.for_servers && !certificate.authority ? [] : ['not a server certificate']),
        ]),
    ...keyReasons(key, certificate !== 'damaged'),
    ...(asked.generation > seen.generation
      ? [`generation ${asked.generation} is requested, the current one is ${seen.generation}`]
      : []),
  ]
}

function expiryReasons({ not_before, not_after }: CertificateFacts, renewBeforeDays: number, now: number): string[] {
  if (now < not_before) return [`not valid before ${date(not_before)}`]
  if (now >= not_after) return [`expired on ${date(not_after)}`]
  if (not_after - now >= renewBeforeDays * DAY) return []
  const left = daysBetween(now, not_after)
  return [left === 0 ? 'expires in less than a day' : `expires in ${days(left)}`]
}

function nameReasons(asked: readonly string[], current: readonly string[]): string[] {
  const missing = asked.filter((name) => !current.includes(name))
  const extra = current.filter((name) => !asked.includes(name))
  return [
    ...(missing.length === 0 ? [] : [`missing names: ${missing.join(', ')}`]),
    ...(extra.length === 0 ? [] : [`extra names: ${extra.join(', ')}`]),
  ]
}

function keyReasons(key: KeyState, hasCertificate: boolean): string[] {
  switch (key.state) {
    case 'missing':
      return ['key is missing']
    case 'damaged':
      return ['key is damaged']
    // Servers start unattended, so nobody could type a passphrase.
    case 'needs a passphrase':
    case 'other passphrase':
      return ['key is encrypted']
    case 'read':
      return key.belongs || !hasCertificate ? [] : ['key does not match']
  }
}

/** Whole days from one time to another. */
export const daysBetween = (from: number, to: number): number => Math.floor((to - from) / DAY)

export const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)

/** ISO 8601 in UTC, without milliseconds. */
export const date = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
