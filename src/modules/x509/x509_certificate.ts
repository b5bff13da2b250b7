import * as z from 'zod'
import { contentOf, ownerAt, setAttributes, setContent } from '../support/effects.ts'
import { callWorker, workerAnswer } from '../support/worker.ts'
import { defineModule } from '../task.ts'
import type { CertificateStatus } from './certificate.ts'
import { modeRepairs } from './ca-plan.ts'
import { date, daysBetween, renewalReasons } from './renewal.ts'
import { certificateName, dir, generation, keyType, names, passphrase, PROGRAM, validDays } from './params.ts'
import { certificateDiff } from './certificate-diff.ts'
import { caFiles } from './x509_ca.ts'

const schema = z
  .strictObject({
    /** Directory of the CA from `x509_ca`. */
    dir,
    /** Its files are `NAME.key`, `NAME.crt` and `NAME.chain.pem` in that directory. */
    name: certificateName,
    /** All DNS names and IP addresses of the server. */
    names,
    /** `ec`: P-256, `rsa`: 3072 bits. */
    key_type: keyType,
    /** Validity of a new certificate in days, limited by that of the CA. */
    valid_days: validDays.default(397),
    /** Days before its expiry from which on it is renewed. */
    renew_before_days: z.int().min(0).default(30),
    /** Passphrase of the CA's key. The server's key is not encrypted. */
    passphrase: passphrase.optional(),
    /** Increase it to issue a new key and certificate. */
    generation,
  })
  .refine(({ valid_days, renew_before_days }) => valid_days > renew_before_days, {
    error: 'must be more than renew_before_days, or each run would renew the certificate',
    path: ['valid_days'],
  })

/** What {@link x509_certificate} registers. */
export interface X509Certificate {
  /** Path of the certificate. */
  readonly certificate: string
  /** Path of its private key. */
  readonly key: string
  /** Path of the certificate chain with the CA. */
  readonly chain: string
  /** SHA-256 of the certificate, as `AA:BB:...`. */
  readonly fingerprint: string
  /** Expiry, such as `2027-01-31T12:00:00Z`. */
  readonly not_after: string
  readonly serial: string
}

/**
 * A server certificate with its key, signed on the controller by the CA of `x509_ca`. Renewed before it expires, or if
 * it differs from the parameters.
 */
export const x509_certificate = defineModule<typeof schema, X509Certificate>({
  name: 'x509_certificate',
  schema,
  reads: ({ dir, name }) => [
    ...caFiles(dir).flatMap(contentOf),
    ...paths(dir, name).flatMap((file) => [...contentOf(file), ...ownerAt(file)]),
  ],
  sets: ({ dir, name }) => paths(dir, name).flatMap((file) => [...setContent(file), ...setAttributes(file)]),
  title: ({ dir, name }) => `${name} in ${dir}`,
  probe: (params) => callWorker(PROGRAM, 'look_certificate', params),
  plan: (params, observed) => {
    const look = workerAnswer(observed) as CertificateStatus | string
    if (typeof look === 'string') return { changes: [], problem: look }
    const { dir, name } = params
    const { now, state: seen, ca, cannot_sign, unfinished, chain, open } = look
    const why = renewalReasons(params, seen, now)
    const script = callWorker(PROGRAM, 'make_certificate', params)
    if (why.length > 0 || typeof seen.certificate === 'string') {
      const what = `issue certificate ${name} for ${params.names.join(', ')}`
      if (cannot_sign !== undefined)
        return { changes: [], problem: `cannot ${what} (${why.join(', ')}): ${cannot_sign}` }
      const valid_days = Math.min(params.valid_days, daysBetween(now, ca.not_after))
      const diff = certificateDiff(`${dir}/${name}.crt`, seen.certificate, {
        ...params,
        common_name: name,
        issuer: ca.common_name,
        valid_days,
      })
      return {
        changes: [{ description: seen.certificate === 'missing' ? what : `${what}: ${why.join(', ')}`, script, diff }],
      }
    }
    const repairs = [
      ...(unfinished ? ['complete an interrupted run'] : []),
      ...(chain ? [] : [`update ${name}.chain.pem`]),
      ...modeRepairs(open),
    ]
    if (repairs.length > 0)
      return { changes: [{ description: `update certificate ${name}: ${repairs.join(', ')}`, script }] }
    return {
      changes: [],
      values: {
        certificate: `${dir}/${name}.crt`,
        key: `${dir}/${name}.key`,
        chain: `${dir}/${name}.chain.pem`,
        fingerprint: seen.certificate.fingerprint,
        not_after: date(seen.certificate.not_after),
        serial: seen.certificate.serial,
      },
    }
  },
})

const paths = (dir: string, name: string): string[] =>
  ['key', 'crt', 'chain.pem', 'generation'].map((end) => `${dir}/${name}.${end}`)
