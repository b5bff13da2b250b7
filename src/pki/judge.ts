import { KEY_WORDS, type CertificateFacts, type KeySeen, type KeyType } from './facts.ts'

const DAY = 86_400_000

/** What a certificate should be. */
export interface CertificateAsked {
  /** In the form of `canonicalName`. */
  readonly names: readonly string[]
  readonly key_type: KeyType
  readonly renew_before_days: number
  readonly generation: number
}

/** What is there in its place. */
export interface CertificateSeen {
  readonly certificate: 'missing' | 'damaged' | CertificateFacts
  readonly key: KeySeen
  /** The CA that is there now has signed it. */
  readonly issued_by_ca: boolean
  readonly generation: number
}

/**
 * Why a certificate must be made again, in words that follow a colon: `it ends in 12 days`. Empty: it stays.
 *
 * @param now - milliseconds since 1970.
 */
export function reasons(asked: CertificateAsked, seen: CertificateSeen, now: number): string[] {
  const { certificate, key } = seen
  if (certificate === 'missing') return ['there is none']
  return [
    ...(certificate === 'damaged'
      ? ['it is damaged']
      : [
          ...ending(certificate, asked.renew_before_days, now),
          ...naming(asked.names, certificate.names),
          ...(seen.issued_by_ca ? [] : ['another CA issued it']),
          ...(certificate.key_type === KEY_WORDS[asked.key_type]
            ? []
            : [`its key is ${certificate.key_type}, ${KEY_WORDS[asked.key_type]} is asked`]),
          ...(certificate.for_servers && !certificate.authority ? [] : ['it is not one of a server']),
        ]),
    ...keeping(key, certificate !== 'damaged'),
    ...(asked.generation > seen.generation
      ? [`generation ${asked.generation} is asked, it is of generation ${seen.generation}`]
      : []),
  ]
}

function ending({ not_before, not_after }: CertificateFacts, renewBeforeDays: number, now: number): string[] {
  if (now < not_before) return [`it is not valid before ${date(not_before)}`]
  if (now >= not_after) return [`it ended on ${date(not_after)}`]
  if (not_after - now >= renewBeforeDays * DAY) return []
  const left = daysBetween(now, not_after)
  return [left === 0 ? 'it ends in less than a day' : `it ends in ${days(left)}`]
}

function naming(asked: readonly string[], there: readonly string[]): string[] {
  const missing = asked.filter((name) => !there.includes(name))
  const tooMany = there.filter((name) => !asked.includes(name))
  return [
    ...(missing.length === 0 ? [] : [`it lacks ${missing.join(', ')}`]),
    ...(tooMany.length === 0 ? [] : [`it has ${tooMany.join(', ')} too`]),
  ]
}

function keeping(key: KeySeen, certificateIsRead: boolean): string[] {
  switch (key.state) {
    case 'missing':
      return ['its key is missing']
    case 'damaged':
      return ['its key is damaged']
    // Servers start without anyone who could type it.
    case 'needs a passphrase':
    case 'other passphrase':
      return ['its key is encrypted']
    case 'read':
      return key.belongs || !certificateIsRead ? [] : ['its key does not belong to it']
  }
}

/** Whole days from one time to another. */
export const daysBetween = (from: number, to: number): number => Math.floor((to - from) / DAY)

export const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)

/** A time as people and logs write it, in UTC. */
export const date = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
