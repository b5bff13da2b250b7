import { z } from 'zod'
import { contentOf, ownerAt, setAttributes, setContent, setNewDirectory } from '../modules/support/effects.ts'
import { callWorker, workerAnswer } from '../modules/support/worker.ts'
import { defineModule } from '../modules/task.ts'
import { KEY_WORDS } from './facts.ts'
import { judgeCa, type CaLook } from './judge-ca.ts'
import { date } from './judge.ts'
import { commonName, dir, generation, keyType, passphrase, PROGRAM, validDays } from './params.ts'
import { certificateDiff } from './words.ts'

const schema = z.strictObject({
  /** A folder of its own: nobody but its owner can enter it. */
  dir,
  /** What the CA is called, in its own certificate and in those it issues. */
  common_name: commonName,
  /** `ec`: P-256, `rsa`: 3072 bits. */
  key_type: keyType,
  /** Encrypts the key; to be given to `x509_certificate` as well. A key that is not encrypted yet will be. */
  passphrase: passphrase.optional(),
  /** Days a new CA is valid. */
  valid_days: validDays.default(3650),
  /** A higher number than the last has a new CA made. It starts with 1. */
  generation,
  /** The certificate of the CA before stays in the bundle, until it ends. */
  keep_previous: z.boolean().default(true),
})

/** What {@link x509_ca} registers. */
export interface X509Ca {
  /** Path of the certificate. */
  readonly certificate: string
  /** Path of what clients are to trust: the certificate and, after a rotation, the one before. */
  readonly bundle: string
  /** SHA-256 of the certificate, as `AA:BB:...`. */
  readonly fingerprint: string
  /** When it ends, like `2036-01-31T12:00:00Z`. */
  readonly not_after: string
  readonly generation: number
}

/**
 * A certificate authority on the controller: `ca.key`, `ca.crt` and `ca-bundle.crt` in a folder. It is made once and
 * kept; one that is damaged or has ended fails the task, and only a higher `generation` replaces it.
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
    const look = workerAnswer<CaLook>(observed)
    if (typeof look === 'string') return { changes: [], problem: look }
    const { dir, common_name, key_type, generation } = params
    const { make, mends, problem } = judgeCa(params, look)
    if (problem !== undefined) return { changes: [], problem }
    const script = callWorker(PROGRAM, 'make_ca', params)
    const { certificate } = look.seen
    if (make !== undefined) {
      const what = `«${common_name}» in ${dir} (${KEY_WORDS[key_type]})`
      const description =
        make === 'first'
          ? `make the CA ${what}`
          : `make a new CA ${what}: generation ${generation} is asked, it is of generation ${look.seen.generation}`
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
    if (mends.length > 0) return { changes: [{ description: `mend the CA in ${dir}: ${mends.join(', ')}`, script }] }
    // Then it is there: judgeCa had no problem with it.
    if (typeof certificate === 'string') return { changes: [], problem: `${dir}/ca.crt is ${certificate}` }
    return {
      changes: [],
      values: {
        certificate: `${dir}/ca.crt`,
        bundle: `${dir}/ca-bundle.crt`,
        fingerprint: certificate.fingerprint,
        not_after: date(certificate.not_after),
        generation: look.seen.generation,
      },
    }
  },
})

/** The files of the CA in a folder. */
export const caFiles = (dir: string): string[] =>
  ['ca.key', 'ca.crt', 'ca-bundle.crt', 'ca.generation'].map((name) => `${dir}/${name}`)
