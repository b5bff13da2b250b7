import type { Diff } from '../module.ts'
import { KEY_TYPE_NAMES, type CertificateFacts, type KeyType } from './facts.ts'
import { date, days } from './renewal.ts'

/** Known contents of a certificate that is not issued yet. */
export interface PlannedCertificate {
  readonly common_name: string
  readonly names: readonly string[]
  readonly issuer: string
  readonly valid_days: number
  readonly key_type: KeyType
}

/** The predicted diff of issuing a certificate. */
export function certificateDiff(
  subject: string,
  before: 'missing' | 'damaged' | CertificateFacts,
  after: PlannedCertificate,
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
              notBefore: date(before.not_before),
              notAfter: date(before.not_after),
            }),
    after: text({
      ...after,
      key_type: KEY_TYPE_NAMES[after.key_type],
      notBefore: 'time of issue',
      notAfter: `${days(after.valid_days)} after issue`,
      fingerprint: 'not known yet',
    }),
  }
}

interface Lines extends Pick<CertificateFacts, 'common_name' | 'names' | 'issuer' | 'key_type' | 'fingerprint'> {
  readonly notBefore: string
  readonly notAfter: string
}

const text = ({ common_name, names, issuer, key_type, notBefore, notAfter, fingerprint }: Lines): string =>
  [
    `subject: ${common_name}`,
    ...names.map((name) => `name: ${name}`),
    `issuer: ${issuer}`,
    `not before: ${notBefore}`,
    `not after: ${notAfter}`,
    `key: ${key_type}`,
    `fingerprint: ${fingerprint}`,
    '',
  ].join('\n')
