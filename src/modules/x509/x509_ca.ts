import * as z from 'zod'
import { contentOf, ownerAt, setAttributes, setContent, setNewDirectory } from '../support/effects.ts'
import { callWorker, workerAnswer } from '../support/worker.ts'
import { defineModule } from '../task.ts'
import { KEY_TYPE_NAMES } from './facts.ts'
import { planCa, type CaStatus } from './ca-plan.ts'
import { date } from './renewal.ts'
import { commonName, dir, generation, keyType, passphrase, PROGRAM, validDays } from './params.ts'
import { certificateDiff } from './certificate-diff.ts'

const schema = z.strictObject({
  /** A dedicated directory, with mode 0700. */
  dir,
  /** Common name of the CA. */
  common_name: commonName,
  /** `ec`: P-256, `rsa`: 3072 bits. */
  key_type: keyType,
  /** Encrypts the key, also an existing one. `x509_certificate` needs it too. */
  passphrase: passphrase.optional(),
  /** Validity of a new CA, in days. */
  valid_days: validDays.default(3650),
  /** Increase it to rotate the CA. */
  generation,
  /** Keep the previous CA certificate in the bundle until it expires. */
  keep_previous: z.boolean().default(true),
})

/** What {@link x509_ca} registers. */
export interface X509Ca {
  /** Path of the certificate. */
  readonly certificate: string
  /** Path of the trust bundle for clients: the certificate and, after a rotation, the previous one. */
  readonly bundle: string
  /** SHA-256 of the certificate, as `AA:BB:...`. */
  readonly fingerprint: string
  /** Expiry, such as `2036-01-31T12:00:00Z`. */
  readonly not_after: string
  readonly generation: number
}

/**
 * A certificate authority on the controller: `ca.key`, `ca.crt` and `ca-bundle.crt` in a directory. Created once; a
 * damaged or expired CA fails the task, and only a higher `generation` replaces it.
 */
export const x509_ca = defineModule<typeof schema, X509Ca>({
  name: 'x509_ca',
  schema,
  reads: ({ dir }) => [...ownerAt(dir), ...caFiles(dir).flatMap((file) => [...contentOf(file), ...ownerAt(file)])],
  sets: ({ dir }) => [
    ...setNewDirectory(dir),
    ...setAttributes(dir),
    ...caFiles(dir).flatMap((file) => [...setContent(file), ...setAttributes(file)]),
  ],
  title: ({ dir, common_name }) => `${common_name} in ${dir}`,
  probe: (params) => callWorker(PROGRAM, 'look_ca', params),
  plan: (params, observed) => {
    const look = workerAnswer(observed) as CaStatus | string
    if (typeof look === 'string') return { changes: [], problem: look }
    const { dir, common_name, key_type, generation } = params
    const { make, repairs: mends, problem } = planCa(params, look)
    if (problem !== undefined) return { changes: [], problem }
    const script = callWorker(PROGRAM, 'make_ca', params)
    const { certificate } = look.state
    if (make !== undefined) {
      const what = `"${common_name}" in ${dir} (${KEY_TYPE_NAMES[key_type]})`
      const description =
        make === 'first'
          ? `create CA ${what}`
          : `rotate CA ${what}: generation ${generation} is requested, the current one is ${look.state.generation}`
      return {
        changes: [
          {
            description,
            script,
            diff: certificateDiff(`${dir}/ca.crt`, certificate, { ...params, names: [], issuer: common_name }),
          },
        ],
      }
    }
    if (mends.length > 0) return { changes: [{ description: `update CA in ${dir}: ${mends.join(', ')}`, script }] }
    // Never true here, since judgeCa reported no problem.
    if (typeof certificate === 'string') return { changes: [], problem: `"${dir}/ca.crt" is ${certificate}` }
    return {
      changes: [],
      values: {
        certificate: `${dir}/ca.crt`,
        bundle: `${dir}/ca-bundle.crt`,
        fingerprint: certificate.fingerprint,
        not_after: date(certificate.not_after),
        generation: look.state.generation,
      },
    }
  },
})

/** The files of the CA in a directory. */
export const caFiles = (dir: string): string[] =>
  ['ca.key', 'ca.crt', 'ca-bundle.crt', 'ca.generation'].map((name) => `${dir}/${name}`)
