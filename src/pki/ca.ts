import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { Refusal } from '../modules/support/worker.ts'
import { certificateFacts, keySeen, parseBundle, parseCertificate } from './facts.ts'
import { judgeCa, type CaAsked, type CaLook, type CaSeen } from './judge-ca.ts'
import {
  close,
  entries,
  isUnfinished,
  locked,
  makeFolder,
  openToOthers,
  place,
  read,
  recover,
  withScratch,
  write,
  type NewFile,
} from './place.ts'
import { encryptKey, newEncryptedKey, newKey, selfSign } from './sign.ts'

/** A request to the programs. */
export interface CaRequest extends CaAsked {
  readonly valid_days: number
  readonly keep_previous: boolean
  readonly passphrase?: string
}

/** The unit of the CA's files, which are replaced together. */
export const CA = 'ca'
const KEY = 'ca.key'
const CERTIFICATE = 'ca.crt'
const BUNDLE = 'ca-bundle.crt'
const GENERATION = 'generation'

/** Names of files that the two modules create. */
const OURS = /\.(key|crt|chain\.pem|generation)$/

/** Reads the status of a CA. */
export const lookAtCa = (request: CaRequest): Promise<CaLook> =>
  locked(request.dir, 'look', () => Promise.resolve(look(request)))

/** Creates or updates a CA. Checks again under the lock, since another run may have done it. */
export async function makeCa(request: CaRequest): Promise<object> {
  const { dir, passphrase } = request
  refuse(judgeCa(request, await lookAtCa(request)).problem)
  makeFolder(dir)
  await locked(dir, 'change', async () => {
    recover(dir, CA)
    const status = look(request)
    const { make, encrypt, problem } = judgeCa(request, status)
    refuse(problem)
    const files =
      make !== undefined
        ? await newCa(request)
        : [
            ...(encrypt === true && passphrase !== undefined
              ? [{ name: KEY, content: await encryptKey(path.join(dir, KEY), passphrase), secret: true }]
              : []),
            ...(status.bundle ? [] : [{ name: BUNDLE, content: bundle(request, seeCa(dir).x509) }]),
          ]
    if (files.length > 0) place(dir, CA, files)
    close(dir, openToOthers(dir, CA, ['.', KEY]))
  })
  return {}
}

/** Reads the files of a CA. */
export function seeCa(dir: string, passphrase?: string): CaSeen & { readonly x509: X509Certificate | undefined } {
  const content = read(dir, CA, CERTIFICATE)
  const x509 = content && parseCertificate(content)
  const valid = x509?.ca === true && x509.verify(x509.publicKey) ? x509 : undefined
  return {
    certificate: content === undefined ? 'missing' : valid === undefined ? 'damaged' : certificateFacts(valid),
    key: keySeen(read(dir, CA, KEY), valid, passphrase),
    generation: generationOf(dir, CA, 'ca', [KEY, CERTIFICATE, BUNDLE]),
    x509: valid,
  }
}

/**
 * Reads the generation of files. 0 if none of them exists, 1 without a generation file.
 *
 * @throws {Refusal} if the generation file is invalid.
 */
export function generationOf(dir: string, unit: string, name: string, files: readonly string[]): number {
  const text = read(dir, unit, `${name}.${GENERATION}`)?.toString().trim()
  if (text === undefined) return files.some((file) => read(dir, unit, file) !== undefined) ? 1 : 0
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Refusal(
      `"${dir}/${name}.${GENERATION}" is damaged: write the last "generation" of x509_${name === CA ? 'ca' : 'certificate'} into it, 1 by default`,
    )
  }
  return Number(text)
}

/** The file that {@link generationOf} reads. */
export const generationFile = (name: string, generation: number): NewFile => ({
  name: `${name}.${GENERATION}`,
  content: `${generation}\n`,
})

/** Throws if there is a problem. */
export function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal(problem)
}

function look(request: CaRequest): CaLook {
  const { dir, passphrase } = request
  const { x509, ...seen } = seeCa(dir, passphrase)
  const open = openToOthers(dir, CA, ['.', KEY])
  return {
    now: Date.now(),
    seen,
    unfinished: isUnfinished(dir, CA),
    crowded: open.includes('.') && entries(dir).some((name) => !OURS.test(name)),
    bundle: read(dir, CA, BUNDLE)?.toString() === bundle(request, x509),
    open,
  }
}

async function newCa(request: CaRequest): Promise<NewFile[]> {
  const { dir, common_name, key_type, generation, passphrase, valid_days } = request
  const previous = seeCa(dir).x509
  return withScratch(dir, async (scratch) => {
    const key = passphrase === undefined ? await newKey(key_type) : await newEncryptedKey(key_type, passphrase, scratch)
    const certificate = await selfSign({ key: write(scratch, KEY, key), passphrase }, common_name, valid_days, scratch)
    return [
      { name: KEY, content: key, secret: true },
      { name: CERTIFICATE, content: certificate },
      { name: BUNDLE, content: bundle(request, parseCertificate(certificate), previous) },
      generationFile(CA, generation),
    ]
  })
}

/**
 * The trust bundle for clients: the CA's certificate, and with `keep_previous` the previous one until it expires.
 *
 * @param before - the previous certificate. Default: the one in the existing bundle.
 */
function bundle(
  { dir, keep_previous }: CaRequest,
  current: X509Certificate | undefined,
  before?: X509Certificate,
): string {
  const others = before === undefined ? parseBundle(read(dir, CA, BUNDLE) ?? Buffer.alloc(0)) : [before]
  const previous = others.find(
    (other) =>
      other.ca && other.fingerprint256 !== current?.fingerprint256 && certificateFacts(other).not_after > Date.now(),
  )
  return [current, keep_previous ? previous : undefined].map((each) => each?.toString() ?? '').join('')
}
