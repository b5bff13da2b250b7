import type { Diff } from '../modules/module.ts'
import { KEY_WORDS, type CertificateFacts, type KeyType } from './facts.ts'
import { date, days } from './judge.ts'

/** What a certificate that is yet to be made is known to say. */
export interface Planned {
  readonly common_name: string
  readonly names: readonly string[]
  readonly issuer: string
  readonly valid_days: number
  readonly key_type: KeyType
}

/** A certificate before and after it is made, as far as that can be told before. */
export function certificateDiff(
  subject: string,
  before: 'missing' | 'damaged' | CertificateFacts,
  after: Planned,
): Diff {
  return {
    subject,
    before:
      before === 'missing'
        ? ''
        : before === 'damaged'
          ? 'damaged\n'
          : text({
              ...before,
              begins: date(before.not_before),
              ends: date(before.not_after),
            }),
    after: text({
      ...after,
      key_type: KEY_WORDS[after.key_type],
      begins: 'when it is made',
      ends: `${days(after.valid_days)} later`,
      fingerprint: 'of the certificate that is made',
    }),
  }
}

interface Lines extends Pick<CertificateFacts, 'common_name' | 'names' | 'issuer' | 'key_type' | 'fingerprint'> {
  readonly begins: string
  readonly ends: string
}

const text = ({ common_name, names, issuer, key_type, begins, ends, fingerprint }: Lines): string =>
  [
    `subject: ${common_name}`,
    ...names.map((name) => `name: ${name}`),
    `issuer: ${issuer}`,
    `begins: ${begins}`,
    `ends: ${ends}`,
    `key: ${key_type}`,
    `fingerprint: ${fingerprint}`,
    '',
  ].join('\n')
