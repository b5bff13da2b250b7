import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { Refusal } from '../support/worker.ts'
import { certificateFacts, keyState, parseBundle, parseCertificate } from './facts.ts'
import { planCa, type CaParams, type CaStatus, type CaState } from './ca-plan.ts'
import {
  restrictModes,
  entries,
  hasPendingFiles,
  withLock,
  createDirectory,
  insecureFiles,
  replaceFiles,
  read,
  recover,
  withScratch,
  write,
  type NewFile,
} from './atomic-files.ts'
import { encryptKey, newEncryptedKey, newKey, selfSign } from './sign.ts'

/** A request to the programs. */
export interface CaRequest extends CaParams {
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
export const readCaStatus = (request: CaRequest): Promise<CaStatus> =>
  withLock(request.dir, 'look', () => Promise.resolve(look(request)))

/** Creates or updates a CA. Checks again under the lock, since another run may have done it. */
export async function createCa(request: CaRequest): Promise<object> {
  const { dir, passphrase } = request
  throwIfProblem(planCa(request, await readCaStatus(request)).problem)
  createDirectory(dir)
  await withLock(dir, 'change', async () => {
    recover(dir, CA)
    const status = look(request)
    const { make, encrypt, problem } = planCa(request, status)
    throwIfProblem(problem)
    const files =
      make !== undefined
        ? await newCa(request)
        : [
            ...(encrypt === true && passphrase !== undefined
              ? [{ name: KEY, content: await encryptKey(path.join(dir, KEY), passphrase), secret: true }]
              : []),
            ...(status.bundle ? [] : [{ name: BUNDLE, content: bundle(request, readCaState(dir).x509) }]),
          ]
    if (files.length > 0) replaceFiles(dir, CA, files)
    restrictModes(dir, insecureFiles(dir, CA, ['.', KEY]))
  })
  return {}
}

/** Reads the files of a CA. */
export function readCaState(
  dir: string,
  passphrase?: string,
): CaState & { readonly x509: X509Certificate | undefined } {
  const content = read(dir, CA, CERTIFICATE)
  const x509 = content && parseCertificate(content)
  const valid = x509?.ca === true && x509.verify(x509.publicKey) ? x509 : undefined
  return {
    certificate: content === undefined ? 'missing' : valid === undefined ? 'damaged' : certificateFacts(valid),
    key: keyState(read(dir, CA, KEY), valid, passphrase),
    generation: readGeneration(dir, CA, 'ca', [KEY, CERTIFICATE, BUNDLE]),
    x509: valid,
  }
}

/**
 * Reads the generation of files. 0 if none of them exists, 1 without a generation file.
 *
 * @throws {Refusal} if the generation file is invalid.
 */
export function readGeneration(dir: string, unit: string, name: string, files: readonly string[]): number {
  const text = read(dir, unit, `${name}.${GENERATION}`)?.toString().trim()
  if (text === undefined) return files.some((file) => read(dir, unit, file) !== undefined) ? 1 : 0
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Refusal(
      `"${dir}/${name}.${GENERATION}" is damaged: write the last "generation" of x509_${name === CA ? 'ca' : 'certificate'} into it, 1 by default`,
    )
  }
  return Number(text)
}

/** The file that {@link readGeneration} reads. */
export const generationFile = (name: string, generation: number): NewFile => ({
  name: `${name}.${GENERATION}`,
  content: `${generation}\n`,
})

/** Throws if there is a problem. */
export function throwIfProblem(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal(problem)
}

function look(request: CaRequest): CaStatus {
  const { dir, passphrase } = request
  const { x509, ...seen } = readCaState(dir, passphrase)
  const open = insecureFiles(dir, CA, ['.', KEY])
  return {
    now: Date.now(),
    state: seen,
    unfinished: hasPendingFiles(dir, CA),
    shared_directory: open.includes('.') && entries(dir).some((name) => !OURS.test(name)),
    bundle: read(dir, CA, BUNDLE)?.toString() === bundle(request, x509),
    open,
  }
}

async function newCa(request: CaRequest): Promise<NewFile[]> {
  const { dir, common_name, key_type, generation, passphrase, valid_days } = request
  const previous = readCaState(dir).x509
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
